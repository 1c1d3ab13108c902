/** What the operations of operations.ts answer, as JSON has it: instants are texts. */

export interface ActorView {
  kind: string;
  id: string;
  name: string | null;
}
export interface ExecutionView {
  timeout: string;
  priority: number;
  concurrency: number | null;
  retry: {
    maxAttempts: number;
    initialInterval: string;
    backoffCoefficient: number;
    maxInterval: string | null;
    jitter: string | null;
    nonRetryableErrors: string[];
  };
}
export interface FireTimeView {
  at: string;
  effectiveAt: string;
  local: string;
  offset: string;
  inGap: boolean;
  inOverlap: boolean;
}
interface PauseView {
  since: string;
  until: string | null;
  reason: string;
  by: ActorView;
}
export interface ErrorView {
  __typename: string;
  code: string;
  message: string;
  path: string[] | null;
  constraint?: string | null;
  existing?: { __typename: string; id: string } | null;
  limit?: number;
  firstSeenAt?: string;
  currentVersion?: number;
  current?: { __typename: string; id: string } | null;
}
export interface LabelView {
  key: string;
  value: string;
}
export interface TaskView {
  id: string;
  key: string;
  group: string;
  name: string;
  description: string | null;
  kind: string;
  scope: string;
  state: string;
  initialDelay: string | null;
  registeredAt: string;
  nextFireAt: string | null;
  startedAt: string | null;
  timesOutAt: string | null;
  lastRunEndedAt: string | null;
  labels: LabelView[];
  pause: PauseView | null;
  lastError: { code: string; message: string } | null;
  execution: ExecutionView;
  retention: { runs: string | null; count: number | null } | null;
  http: {
    url: string;
    method: string;
    headers: Record<string, string>;
    secretHeaders: string[];
    signed: boolean;
    body: unknown;
    successStatuses: string;
  } | null;
  lastRun: { id: string } | null;
  schedules: { nodes: { name: string }[]; totalCount: number };
  runs: { nodes: { id: string }[]; totalCount: number };
}
export interface FreezeView {
  id: string;
  reason: string;
  from: string;
  until: string;
  select: object;
  exit: string;
  by: ActorView;
  suppressed: number;
  active: boolean;
}
export interface TriggerView {
  __typename: string;
  kind: string;
  summary: string;
  expression?: string;
  dayMatch?: string;
  timeZone?: string;
  dst?: { gap: string; overlap: string; followsRealClock: boolean };
  every?: string;
  anchorAt?: string;
  at?: string;
  startOn?: string;
  times?: string[];
  localTimes?: string[];
  startAt?: string | null;
  endAt?: string | null;
  trigger?: TriggerName;
  triggers?: TriggerName[];
  within?: string;
  base?: TriggerName;
  excluding?: unknown;
  shift?: string;
}
interface TriggerName {
  __typename: string;
  kind: string;
  summary: string;
}
export interface ScheduleView {
  id: string;
  name: string;
  description: string | null;
  state: string;
  version: number;
  triggerSpec: Record<string, unknown>;
  spec: Record<string, unknown>;
  timeZone: string;
  startAt: string | null;
  endAt: string | null;
  spread: string;
  jitter: string;
  maxRuns: number | null;
  remainingRuns: number | null;
  input: Record<string, unknown> | null;
  overlapPolicy: string;
  bufferLimit: number;
  nextFireAt: string | null;
  lastFireAt: string | null;
  createdAt: string;
  updatedAt: string;
  managedBy: string | null;
  pauseAfterFailures: number | null;
  consecutiveFailures: number;
  pendingOccurrences: number | null;
  labels: LabelView[];
  viewerCanEdit: boolean;
  viewerCanOperate: boolean;
  task: { id: string; key: string };
  pause: PauseView | null;
  trigger: TriggerView;
  dst: { gap: string | null; overlap: string | null };
  misfire: { mode: string; graceTime: string; catchupWindow: string; maxCatchupRuns: number };
  execution: ExecutionView;
  nextFireTimes: FireTimeView[];
  createdBy: ActorView;
  updatedBy: ActorView;
  lastRun: { id: string } | null;
  runs: { nodes: { id: string }[]; totalCount: number };
}
export interface AppliedView {
  dryRun: boolean;
  replayed: boolean;
  changes: {
    action: string;
    name: string;
    before: Record<string, unknown> | null;
    after: Record<string, unknown> | null;
    fields: string[];
    firesAdded: number;
    firesRemoved: number;
    schedule: Pick<ScheduleView, 'id' | 'name' | 'version' | 'managedBy' | 'state' | 'nextFireAt'> | null;
    userErrors: ErrorView[];
  }[];
  userErrors: ErrorView[];
}
export interface AuditView {
  id: string;
  at: string;
  action: string;
  targetId: string;
  target: { __typename: string; id: string } | null;
  reason: string | null;
  changes: Record<string, { before: unknown; after: unknown }> | null;
  source: string;
  requestId: string | null;
  actor: ActorView;
}
interface RunErrorView {
  code: string;
  name: string;
  message: string;
  retryable: boolean;
}
export interface RunView {
  id: string;
  state: string;
  origin: string;
  reason: string | null;
  idempotencyKey: string | null;
  scheduledFor: string;
  effectiveAt: string;
  createdAt: string;
  queuedAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  timesOutAt: string | null;
  latenessMs: number | null;
  durationMs: number | null;
  attempt: number;
  maxAttempts: number;
  input: Record<string, unknown> | null;
  output: unknown;
  labels: LabelView[];
  viewerCanCancel: boolean;
  viewerCanRetry: boolean;
  retryOf: { id: string } | null;
  retries: { id: string }[];
  backfill: { id: string } | null;
  requestedBy: ActorView | null;
  task: { id: string; key: string };
  schedule: {
    id: string;
    name: string;
    nextFireAt: string | null;
    nextFireTimes: { at: string }[];
    viewerCanEdit: boolean;
    viewerCanOperate: boolean;
  } | null;
  attempts: {
    number: number;
    state: string;
    startedAt: string;
    finishedAt: string | null;
    nextRetryAt: string | null;
    worker: { id: string } | null;
    error: RunErrorView | null;
  }[];
  worker: {
    id: string;
    hostname: string;
    pid: number;
    version: string;
    state: string;
    capacity: number;
    startedAt: string;
    lastHeartbeatAt: string;
  } | null;
  error: RunErrorView | null;
}
export interface PageView {
  nodes: { id: string; key: string }[];
  edges: { cursor: string; node: { id: string } }[];
  totalCount: number;
  totalCountCapped: boolean;
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}
interface ChangeView {
  cursor: string;
  kind: string;
  at: string;
  id: string;
}
export interface RunEventView extends ChangeView {
  previousState: string | null;
  state: string;
  taskKey: string;
  scheduleId: string | null;
  run: { id: string; state: string; attempt: number } | null;
}
export interface TaskEventView extends ChangeView {
  state: string | null;
  task: { key: string; state: string } | null;
}
export interface StepView {
  name: string;
  state: string;
  attempt: number;
  startedAt: string;
  finishedAt: string | null;
  output: unknown;
  error: { code: string; message: string; retryable: boolean } | null;
}
export interface LineView {
  cursor: string;
  at: string;
  level: string;
  message: string;
  attempt: number;
  step: string | null;
  fields: Record<string, unknown> | null;
}
export interface LogBatchView {
  cursor: string;
  lines: LineView[];
  hasMorePast: boolean;
  final: boolean;
}
