import type { EventFacts } from './events.ts';
import type { TaskRecord } from './tasks.ts';

/** What filters of tasks look at, of a task as it stands: null and empty ones are left out. */
export function taskFacts({ key, group, kind, scope, name, description, labels }: TaskRecord): EventFacts {
  return {
    key,
    group,
    kind,
    scope,
    name,
    ...(description !== null && { description }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** The same in SQL, to be stripped of nulls. @param t  alias of task */
export function taskFactsOf(t: string): string {
  return `jsonb_build_object('key', ${t}.key, 'group', ${t}."group", 'kind', ${t}.kind, 'scope', ${t}.scope, 'name', ${t}.name,
             'description', ${t}.description, 'labels', nullif(${t}.labels, '{}'))`;
}
