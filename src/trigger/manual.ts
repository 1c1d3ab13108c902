import { leafZone } from './leaf-zone.ts';
import type { CompileResult, ManualTrigger, TriggerContext, TriggerError } from './trigger.ts';
import { fireTime } from './zone.ts';

/** Only `true` says it: `false` would leave open when to run instead. */
export function compileManual(input: unknown, context: TriggerContext): CompileResult<ManualTrigger> {
  const errors: TriggerError[] = [];
  const timeZone = leafZone(null, [], context, errors);
  if (input !== true) {
    const message = 'manual must be true; for a schedule that runs by itself give another kind';
    errors.push({ path: ['manual'], message, constraint: 'true' });
  }
  if (errors.length > 0) return { ok: false, errors };
  return {
    ok: true,
    trigger: {
      kind: 'MANUAL',
      spec: { manual: true },
      next: () => null,
      previous: () => null,
      between: () => [],
      matches: () => false,
      count: () => 0,
      describe: () => 'never by itself; only when triggered by hand',
      fireTime: (instant) => fireTime(instant, timeZone),
    },
  };
}
