interface Facts {
  schedules: { totalCount: number; nodes: readonly { managedBy: string | null; lastRun: { id: string } | null }[] };
  tasks: { totalCount: number };
}

/** Which of the first steps on a new server are done. What code tasks declare by themselves was nobody's step. */
export function stepsDone({ schedules, tasks }: Facts): { task: boolean; schedule: boolean; ran: boolean } {
  const own = schedules.nodes.filter(({ managedBy }) => managedBy?.startsWith('task:') !== true);
  // More than are listed: this is no new server.
  const many = schedules.totalCount > schedules.nodes.length;
  return {
    task: tasks.totalCount > 0 || own.length > 0 || many,
    schedule: own.length > 0 || many,
    ran: many || own.some(({ lastRun }) => lastRun !== null),
  };
}
