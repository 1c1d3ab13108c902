import { compileCron } from './cron.ts';
import { compileInterval } from './interval.ts';
import { shorten } from './text.ts';
import type { CompileResult, TriggerContext, TriggerSpec } from './trigger.ts';

const KINDS = ['cron', 'interval'];

/**
 * Makes a trigger of its description. Never throws, whatever the texts contain, and takes milliseconds at most: texts of
 * more than 1,000 characters are refused unread, and what can never fire is recognised, not searched for.
 * @returns on failure everything that is wrong, not only the first thing
 */
export function compileTrigger(spec: TriggerSpec, context: TriggerContext): CompileResult {
  // Stored specs come back as JSON and absent kinds as null, so the type alone proves nothing.
  const given = Object.entries((spec as unknown) ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const [key = '', value] = given[0] ?? [];
  if (given.length > 1)
    return refuse(
      `exactly one kind must be given, not ${given
        .slice(0, 5)
        .map(([name]) => shorten(name))
        .join(', ')}`,
    );
  if (!KINDS.includes(key)) return refuse(`exactly one kind must be given: ${KINDS.join(' or ')}`);
  if (typeof value !== 'object') return refuse(`${key} must be an object`);
  if ('cron' in spec) return compileCron(spec.cron, context);
  return compileInterval(spec.interval, context);
}

const refuse = (message: string): CompileResult => ({
  ok: false,
  errors: [{ path: [], message, constraint: 'exactly one kind' }],
});
