import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Hooks } from './database.ts';
import { addSchedule, addTask, at, openParts, startTestEngine } from './parts.ts';
import type { Parts } from './parts.ts';

/** Lets the engine look once at each instant, epoch ms or a time of the day of the tests, as if it had woken there. */
export function stepsOf({ clock }: Parts, engine: Engine) {
  return async (...instants: (string | number)[]): Promise<void> => {
    for (const instant of instants) {
      clock.advanceTo(typeof instant === 'string' ? at(instant) : instant);
      await engine.settle();
    }
  };
}
/** An engine, and the steps that it is led through. */
export const startSteps = async (parts: Parts) => stepsOf(parts, await startTestEngine(parts));

/** A task, a schedule of it every 10 s that runs beside itself, an engine, and a clock that stands at midnight. */
export async function play(
  t: Hooks,
  spec: Partial<CreateScheduleInput['spec']> = {},
  addItsTask: (parts: Parts) => ReturnType<typeof addTask> = addTask,
) {
  const parts = await openParts(t);
  const task = await addItsTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', ...spec });
  const engine = await startTestEngine(parts);
  return { parts, id, task, engine, step: stepsOf(parts, engine) };
}
