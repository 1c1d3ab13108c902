import { filterFaults, rangeFault } from '../domain/filterFaults.ts';
import { apiError } from './errors.ts';

type Checked = Parameters<typeof filterFaults>[0];

/** @throws BAD_USER_INPUT for a filter that cannot be */
export function readFilter<F extends Checked>(filter: F | null | undefined): F | null {
  const [fault] = filter == null ? [] : filterFaults(filter);
  if (fault !== undefined) throw apiError('BAD_USER_INPUT', `filter: ${fault.message}`);
  return filter ?? null;
}

/** @throws BAD_USER_INPUT for a range in which nothing can lie */
export function readOpenRange<R extends Parameters<typeof rangeFault>[1]>(name: string, range: R | null | undefined): R | null {
  const fault = rangeFault(name, range ?? {});
  if (fault !== null) throw apiError('BAD_USER_INPUT', fault);
  return range ?? null;
}

/** A filter of a subscription: events tell of what somebody or something did, not of what did not happen. @throws BAD_USER_INPUT */
export function readStreamFilter<
  F extends Checked & { silent?: unknown; missedSince?: unknown; states?: readonly string[] | null | undefined },
>(filter: F | null | undefined): F | null {
  if (filter?.silent != null) {
    throw apiError(
      'BAD_USER_INPUT',
      'filter: silent is for lists: a schedule falls silent because nothing happens, and no event tells of that.',
    );
  }
  if (filter?.missedSince != null) {
    throw apiError('BAD_USER_INPUT', 'filter: missedSince is for lists: no event tells of an occurrence that was missed.');
  }
  if (filter?.states?.includes('UNAVAILABLE')) {
    throw apiError(
      'BAD_USER_INPUT',
      'filter: states holds UNAVAILABLE, which is for lists: no event tells of it; allowed are IDLE and RUNNING.',
    );
  }
  return readFilter(filter);
}
