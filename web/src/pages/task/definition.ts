import type { HttpMethod, TaskKind, TaskScope } from '../../api/schema.generated.ts';

/** What of a task is said in words and edited in its form, as the API answers it. */
export interface TaskDefinition {
  key: string;
  name: string;
  group: string;
  description: string | null;
  kind: TaskKind;
  scope: TaskScope;
  labels: readonly { key: string; value: string }[];
  execution: {
    timeout: string;
    priority: number;
    concurrency: number | null;
    retry: {
      maxAttempts: number;
      initialInterval: string;
      backoffCoefficient: number;
      maxInterval: string | null;
      jitter: string | null;
      nonRetryableErrors: readonly string[];
    };
  };
  retention: { runs: string | null; count: number | null } | null;
  http: {
    url: string;
    method: HttpMethod;
    /** Absent for who may not read them. */
    headers?: Record<string, unknown>;
    secretHeaders: readonly string[];
    signed: boolean;
    body?: unknown;
    successStatuses: string;
  } | null;
}
