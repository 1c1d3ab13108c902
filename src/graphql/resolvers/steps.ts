import { shownStep } from '../../domain/runStep.ts';
import type { ShownStepEnd } from '../../domain/runStep.ts';
import type { StepRecord } from '../../store/steps.ts';
import type { RequestContext } from '../context.ts';
import type { RunStepResolvers } from '../generated.ts';

export const stepResolvers: RunStepResolvers = {
  state: async (step, _, context) => (await endOf(step, context)).state,
  finishedAt: async (step, _, context) => (await endOf(step, context)).finishedAt,
  error: async (step, _, context) => (await endOf(step, context)).error,
};

async function endOf(step: StepRecord, { loaders }: RequestContext): Promise<ShownStepEnd> {
  if (step.state !== 'RUNNING') return step as ShownStepEnd;
  const attempt = (await loaders.attempts.load(step.runId)).find(({ number }) => number === step.attempt);
  return shownStep(step, attempt ?? null);
}
