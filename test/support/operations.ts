/**
 * The operations of a client that uses the whole contract. test/graphql/contract.test.ts sees to it that every field of
 * schema.graphql stands in one of them. Errors carry `__typename`, so that a test compares all that a caller can see.
 */

const EXECUTION_FIELDS = `
  fragment ExecutionFields on ExecutionPolicy {
    timeout priority concurrency
    retry { maxAttempts initialInterval backoffCoefficient maxInterval jitter nonRetryableErrors }
  }`;

const FIRE_TIME_FIELDS = `
  fragment FireTimeFields on FireTime { at effectiveAt local offset inGap inOverlap }`;

const TRIGGER_FIELDS = `
  fragment TriggerFields on Trigger {
    __typename kind summary
    ... on CronTrigger { expression dayMatch timeZone dst { gap overlap followsRealClock } }
    ... on CalendarTrigger {
      years months weeks daysOfMonth daysOfWeek hours minutes seconds timeZone dst { gap overlap followsRealClock }
    }
    ... on IntervalTrigger { every anchorAt }
    ... on CalendarIntervalTrigger { every at startOn timeZone dst { gap overlap followsRealClock } }
    ... on AtTrigger { times localTimes timeZone dst { gap overlap followsRealClock } }
    ... on RRuleTrigger { rrule dtstart rdates exdates timeZone dst { gap overlap followsRealClock } }
    ... on AnyOfTrigger { triggers { __typename kind summary } }
    ... on AllOfTrigger { within triggers { __typename kind summary } }
    ... on ExceptTrigger { excluding shift base { __typename kind summary } }
    ... on BoundedTrigger { startAt endAt trigger { __typename kind summary } }
  }`;

const ERROR_FIELDS = `
  fragment ErrorFields on UserError {
    __typename code message path
    ... on InvalidInputError { constraint }
    ... on ConflictError { existing { __typename id } }
    ... on LimitError { limit }
    ... on IdempotencyError { firstSeenAt }
    ... on VersionConflictError { currentVersion current { __typename id } }
  }`;

const PAGE_FIELDS = `
  fragment PageFields on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;

const WORKER_FIELDS = `
  fragment WorkerFields on Worker { id hostname pid version state capacity startedAt lastHeartbeatAt }`;

const TASK_FIELDS = `
  fragment TaskFields on Task {
    id key group name description kind scope state initialDelay registeredAt nextFireAt startedAt timesOutAt lastRunEndedAt
    labels { key value }
    pause { since until reason by { kind id name } }
    lastError { code message }
    execution { ...ExecutionFields }
    retention { runs count }
    http { url method headers secretHeaders signed body successStatuses }
    lastRun { id }
    schedules { nodes { name } totalCount }
    runs { nodes { id } totalCount }
  }
  ${EXECUTION_FIELDS}`;

const SCHEDULE_FIELDS = `
  fragment ScheduleFields on Schedule {
    id name description state version triggerSpec spec timeZone startAt endAt spread jitter maxRuns remainingRuns input overlapPolicy bufferLimit nextFireAt lastFireAt createdAt updatedAt
    managedBy pauseAfterFailures consecutiveFailures pendingOccurrences labels { key value }
    viewerCanEdit viewerCanOperate
    task { id key }
    pause { since until reason by { ...ActorFields } }
    trigger { ...TriggerFields }
    dst { gap overlap }
    misfire { mode graceTime catchupWindow maxCatchupRuns }
    execution { ...ExecutionFields }
    nextFireTimes(first: 3) { ...FireTimeFields }
    createdBy { ...ActorFields }
    updatedBy { ...ActorFields }
    lastRun { id }
    runs { nodes { id } totalCount }
  }
  fragment ActorFields on Actor { kind id name }
  ${TRIGGER_FIELDS} ${FIRE_TIME_FIELDS} ${EXECUTION_FIELDS}`;

const RUN_FIELDS = `
  fragment RunFields on Run {
    id state origin reason idempotencyKey scheduledFor effectiveAt createdAt queuedAt startedAt finishedAt timesOutAt latenessMs durationMs
    attempt maxAttempts input output viewerCanCancel viewerCanRetry labels { key value }
    requestedBy { kind id name }
    task { id key }
    schedule { id name nextFireAt nextFireTimes { at } viewerCanEdit viewerCanOperate }
    attempts { number state startedAt finishedAt nextRetryAt worker { id } error { code name message retryable } }
    worker { ...WorkerFields }
    retryOf { id }
    retries { id }
    backfill { id }
    error { code name message retryable }
  }
  ${WORKER_FIELDS}`;

export const VIEWER = '{ viewer { role actor { kind id name } } }';
export const SERVER_INFO = '{ serverInfo { version now tzdata maxPageSize maxDepth maxNodes } }';

export const TASK = `query ($ref: TaskRef!) { task(ref: $ref) { ...TaskFields } } ${TASK_FIELDS}`;
export const SCHEDULE = `query ($ref: ScheduleRef!) { schedule(ref: $ref) { ...ScheduleFields } } ${SCHEDULE_FIELDS}`;
export const EXPLAIN = `
  query ($ref: ScheduleRef!, $at: DateTime!) {
    schedule(ref: $ref) { explain(at: $at) { instant fires causes { subject passes message } } }
  }`;
export const OCCURRENCES = `
  query ($ref: ScheduleRef!, $range: ClosedRange!, $first: Int, $after: Cursor) {
    schedule(ref: $ref) {
      occurrences(range: $range, first: $first, after: $after) {
        nodes { scheduledFor effectiveAt through count verdict reason scheduleVersion runs { id state } }
        edges { cursor node { scheduledFor } }
        pageInfo { ...PageFields }
      }
    }
  } ${PAGE_FIELDS}`;
export const RUN = `query ($id: ID!) { run(id: $id) { ...RunFields } } ${RUN_FIELDS}`;

export const TASKS = `
  query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: TaskFilter, $orderBy: TaskOrder) {
    page: tasks(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      nodes { id key } edges { cursor node { id } } totalCount totalCountCapped pageInfo { ...PageFields }
    }
  } ${PAGE_FIELDS}`;
export const SCHEDULES = `
  query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: ScheduleFilter, $orderBy: ScheduleOrder) {
    page: schedules(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      nodes { id key: name } edges { cursor node { id } } totalCount totalCountCapped pageInfo { ...PageFields }
    }
  } ${PAGE_FIELDS}`;
export const RUNS = `
  query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: RunFilter, $orderBy: RunOrder) {
    page: runs(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      nodes { id key: scheduledFor } edges { cursor node { id } } totalCount totalCountCapped pageInfo { ...PageFields }
    }
  } ${PAGE_FIELDS}`;

const STATS_FIELDS = `
  fragment StatsFields on RunStats {
    total byState { state count } successRate latenessP50Ms latenessP95Ms latenessP99Ms durationP50Ms durationP95Ms
  }`;
export const STATS = `
  query ($window: Duration, $filter: RunFilter) { stats(window: $window, filter: $filter) { ...StatsFields } } ${STATS_FIELDS}`;
export const SCHEDULE_STATS = `
  query ($window: Duration, $filter: ScheduleFilter) {
    schedules(filter: $filter) { nodes { name stats(window: $window) { ...StatsFields } } }
  } ${STATS_FIELDS}`;

export const STATS_SERIES = `
  query ($range: ClosedRange!, $bucket: Duration!, $filter: RunFilter) {
    statsSeries(range: $range, bucket: $bucket, filter: $filter) { from until stats { ...StatsFields } }
  } ${STATS_FIELDS}`;
export const PLANNED_FIRES = `
  query ($range: ClosedRange!, $first: Int = 200, $filter: ScheduleFilter) {
    plannedFires(range: $range, first: $first, filter: $filter) {
      fires { schedule { id name } scheduledFor effectiveAt expectedDurationMs } truncated
    }
  }`;
export const SCHEDULES_AHEAD = `
  query ($filter: ScheduleFilter) { schedules(filter: $filter) { nodes { id nextFireTimes(first: 100) { at effectiveAt } } } }`;

export const PREVIEW = `
  query (
    $trigger: TriggerInput!, $timeZone: TimeZone, $dst: DstPolicyInput, $startAt: DateTime, $endAt: DateTime,
    $after: DateTime, $until: DateTime, $first: Int
  ) {
    previewTrigger(
      trigger: $trigger, timeZone: $timeZone, dst: $dst, startAt: $startAt, endAt: $endAt, after: $after, until: $until, first: $first
    ) {
      trigger { ...TriggerFields } timeZone dst { gap overlap } spec summary fireTimes { ...FireTimeFields } exhausted
      lints { code message at }
      userErrors { ...ErrorFields }
    }
  } ${TRIGGER_FIELDS} ${FIRE_TIME_FIELDS} ${ERROR_FIELDS}`;

export const CREATE_TASK = `
  mutation ($input: HttpTaskInput!) {
    createHttpTask(input: $input) { task { ...TaskFields } userErrors { ...ErrorFields } }
  } ${TASK_FIELDS} ${ERROR_FIELDS}`;
export const CREATE_SCHEDULE = `
  mutation ($input: CreateScheduleInput!) {
    createSchedule(input: $input) { schedule { ...ScheduleFields } replayed userErrors { ...ErrorFields } }
  } ${SCHEDULE_FIELDS} ${ERROR_FIELDS}`;
export const UPDATE_SCHEDULE = `
  mutation ($input: UpdateScheduleInput!) {
    updateSchedule(input: $input) { schedule { ...ScheduleFields } userErrors { ...ErrorFields } }
  } ${SCHEDULE_FIELDS} ${ERROR_FIELDS}`;
export const DELETE_SCHEDULE = `
  mutation ($input: DeleteScheduleInput!) {
    deleteSchedule(input: $input) { deletedId userErrors { ...ErrorFields } }
  } ${ERROR_FIELDS}`;
export const PAUSE_SCHEDULES = `
  mutation ($input: PauseSchedulesInput!) {
    pauseSchedules(input: $input) { schedules { ...ScheduleFields } count userErrors { ...ErrorFields } }
  } ${SCHEDULE_FIELDS} ${ERROR_FIELDS}`;
export const RESUME_SCHEDULES = `
  mutation ($input: ResumeSchedulesInput!) {
    resumeSchedules(input: $input) { schedules { ...ScheduleFields } count userErrors { ...ErrorFields } }
  } ${SCHEDULE_FIELDS} ${ERROR_FIELDS}`;
export const SKIP_OCCURRENCE = `
  mutation ($input: SkipOccurrenceInput!) {
    skipOccurrence(input: $input) { schedule { ...ScheduleFields } userErrors { ...ErrorFields } }
  } ${SCHEDULE_FIELDS} ${ERROR_FIELDS}`;
const FREEZE_FIELDS = `
  fragment FreezeFields on Freeze { id reason from until select exit by { kind id name } suppressed active }`;
export const FREEZES = `
  query ($active: Boolean) { freezes(active: $active) { ...FreezeFields } } ${FREEZE_FIELDS}`;
export const CREATE_FREEZE = `
  mutation ($input: FreezeInput!) {
    createFreeze(input: $input) { freeze { ...FreezeFields } suppressedPreview userErrors { ...ErrorFields } }
  } ${FREEZE_FIELDS} ${ERROR_FIELDS}`;
export const END_FREEZE = `
  mutation ($id: ID!) {
    endFreeze(id: $id) { freeze { ...FreezeFields } suppressedPreview userErrors { ...ErrorFields } }
  } ${FREEZE_FIELDS} ${ERROR_FIELDS}`;
export const TRIGGER_SCHEDULE = `
  mutation ($input: TriggerScheduleInput!) {
    triggerSchedule(input: $input) { run { ...RunFields } replayed userErrors { ...ErrorFields } }
  } ${RUN_FIELDS} ${ERROR_FIELDS}`;

const BACKFILL_FIELDS = `
  fragment BackfillFields on Backfill {
    id state from until total finished failed schedule { id } progress { done total percent message }
    runs { nodes { id state scheduledFor } totalCount }
  }`;
export const BACKFILL = `query ($id: ID!) { backfill(id: $id) { ...BackfillFields } } ${BACKFILL_FIELDS}`;
export const BACKFILL_SCHEDULE = `
  mutation ($input: BackfillInput!) {
    backfillSchedule(input: $input) { backfill { ...BackfillFields } fireTimes { ...FireTimeFields } replayed userErrors { ...ErrorFields } }
  } ${BACKFILL_FIELDS} ${FIRE_TIME_FIELDS} ${ERROR_FIELDS}`;
export const CANCEL_BACKFILL = `
  mutation ($id: ID!, $cancelRuns: Boolean) {
    cancelBackfill(id: $id, cancelRuns: $cancelRuns) { backfill { ...BackfillFields } userErrors { ...ErrorFields } }
  } ${BACKFILL_FIELDS} ${ERROR_FIELDS}`;

export const CANCEL_RUN = `
  mutation ($input: CancelRunInput!) {
    cancelRun(input: $input) { run { ...RunFields } userErrors { ...ErrorFields } }
  } ${RUN_FIELDS} ${ERROR_FIELDS}`;

export const CANCEL_RUNS = `
  mutation ($input: CancelRunsInput!) {
    cancelRuns(input: $input) { runs { id state error { message } } userErrors { ...ErrorFields } }
  } ${ERROR_FIELDS}`;
export const RETRY_RUN = `
  mutation ($input: RetryRunInput!) {
    retryRun(input: $input) { run { ...RunFields } replayed userErrors { ...ErrorFields } }
  } ${RUN_FIELDS} ${ERROR_FIELDS}`;

const AUDIT_FIELDS = `
  fragment AuditFields on AuditEntry {
    id at action targetId reason changes source requestId actor { kind id name } target { __typename id }
  }`;
export const AUDIT = `
  query ($first: Int, $after: Cursor, $targetId: ID, $actorId: String, $at: TimeRange) {
    audit(first: $first, after: $after, targetId: $targetId, actorId: $actorId, at: $at) {
      nodes { ...AuditFields } edges { cursor node { id } } pageInfo { ...PageFields }
    }
  } ${AUDIT_FIELDS} ${PAGE_FIELDS}`;
export const SCHEDULE_AUDIT = `
  query ($ref: ScheduleRef!, $first: Int, $after: Cursor) {
    schedule(ref: $ref) { audit(first: $first, after: $after) { nodes { ...AuditFields } edges { cursor node { id } } pageInfo { ...PageFields } } }
  } ${AUDIT_FIELDS} ${PAGE_FIELDS}`;
export const SCHEDULE_AS_OF = `
  query ($ref: ScheduleRef!, $asOf: DateTime) {
    schedule(ref: $ref, asOf: $asOf) { ...ScheduleFields }
  } ${SCHEDULE_FIELDS}`;

export const APPLY_SCHEDULES = `
  mutation ($input: ApplySchedulesInput!) {
    applySchedules(input: $input) {
      dryRun replayed
      changes {
        action name before after fields firesAdded firesRemoved
        schedule { id name version managedBy state nextFireAt }
        userErrors { ...ErrorFields }
      }
      userErrors { ...ErrorFields }
    }
  } ${ERROR_FIELDS}`;

export const CALENDARS = `
  query { calendars { id name timeZone dates schedules(first: 10) { nodes { name } totalCount } } }`;
export const PUT_CALENDAR = `
  mutation ($input: CalendarInput!) {
    putCalendar(input: $input) {
      calendar { id name timeZone dates }
      movedSchedules { id name nextFireAt version }
      userErrors { ...ErrorFields }
    }
  } ${ERROR_FIELDS}`;
export const DELETE_CALENDAR = `
  mutation ($name: String!) {
    deleteCalendar(name: $name) { deletedId userErrors { ...ErrorFields } }
  } ${ERROR_FIELDS}`;

export const RUN_CHANGED = `
  subscription ($after: Cursor, $filter: RunFilter, $minInterval: Duration) {
    runChanged(after: $after, filter: $filter, minInterval: $minInterval) {
      cursor kind at id previousState state taskKey scheduleId run { id state attempt }
    }
  }`;
export const TASK_CHANGED = `
  subscription ($after: Cursor, $filter: TaskFilter, $minInterval: Duration) {
    taskChanged(after: $after, filter: $filter, minInterval: $minInterval) { cursor kind at id state task { key state } }
  }`;
export const SCHEDULE_CHANGED = `
  subscription ($after: Cursor, $filter: ScheduleFilter, $minInterval: Duration) {
    scheduleChanged(after: $after, filter: $filter, minInterval: $minInterval) { cursor kind at id schedule { id name state version } }
  }`;
export const WORKER_CHANGED = `
  subscription ($after: Cursor) {
    workerChanged(after: $after) { cursor kind at id worker { id state } }
  }`;
export const NODES = `
  query ($id: ID!, $ids: [ID!]!) {
    node(id: $id) { __typename id }
    nodes(ids: $ids) { __typename id }
  }`;
export const SNAPSHOT = `
  query ($filter: RunFilter) {
    runs(filter: $filter) { totalCount nodes { id state } }
    ...Place
    workers { id hostname pid version state capacity startedAt lastHeartbeatAt }
  }
  fragment Place on Query { eventCursor }`;
export const UPDATE_TASK = `
  mutation ($task: TaskRef!, $patch: HttpTaskPatch!) {
    updateHttpTask(task: $task, patch: $patch) { task { ...TaskFields } userErrors { ...ErrorFields } }
  } ${TASK_FIELDS} ${ERROR_FIELDS}`;
export const DELETE_TASK = `
  mutation ($task: TaskRef!) {
    deleteTask(task: $task) { deletedId userErrors { ...ErrorFields } }
  } ${ERROR_FIELDS}`;
export const TRIGGER_TASK = `
  mutation ($input: TriggerTaskInput!) {
    triggerTask(input: $input) { run { ...RunFields } replayed userErrors { ...ErrorFields } }
  } ${RUN_FIELDS} ${ERROR_FIELDS}`;
export const CODE_TASK = `
  query ($ref: TaskRef!) {
    task(ref: $ref) {
      id key group name description kind scope state initialDelay inputSchema
      workers { state runningCount worker { id runningCount tasks { key } runs { id state } } }
      schedules { nodes { name managedBy viewerCanEdit input } }
    }
  }`;
export const RUN_PROGRESS = `query ($id: ID!) { run(id: $id) { state progress { done total percent message updatedAt } } }`;
export const TRIGGER_CODE_TASK = `
  mutation ($input: TriggerTaskInput!) {
    triggerTask(input: $input) { run { id } runs { id state input } userErrors { ...ErrorFields } }
  } ${ERROR_FIELDS}`;
export const PAUSE_TASK = `
  mutation ($task: TaskRef!, $reason: String!, $until: DateTime) {
    pauseTask(task: $task, reason: $reason, until: $until) { task { ...TaskFields } userErrors { ...ErrorFields } }
  } ${TASK_FIELDS} ${ERROR_FIELDS}`;
export const RESUME_TASK = `
  mutation ($task: TaskRef!) {
    resumeTask(task: $task) { task { ...TaskFields } userErrors { ...ErrorFields } }
  } ${TASK_FIELDS} ${ERROR_FIELDS}`;
export const RUN_STEPS = `
  query ($id: ID!) {
    run(id: $id) { state attempt steps { name state attempt startedAt finishedAt output error { code message retryable } } }
  }`;
const LINE_FIELDS = `
  fragment LineFields on LogLine { cursor at level message attempt step fields }`;
export const RUN_LOG = `
  query ($id: ID!, $first: Int, $after: Cursor, $minLevel: LogLevel) {
    run(id: $id) {
      logsTruncated
      logs(first: $first, after: $after, minLevel: $minLevel) {
        nodes { ...LineFields } edges { cursor node { ...LineFields } } pageInfo { ...PageFields }
      }
    }
  } ${LINE_FIELDS} ${PAGE_FIELDS}`;
export const RUN_LOGS = `
  subscription ($runId: ID!, $after: Cursor, $minLevel: LogLevel, $batchSize: Int) {
    runLogs(runId: $runId, after: $after, minLevel: $minLevel, batchSize: $batchSize) {
      cursor lines { ...LineFields } hasMorePast final
    }
  } ${LINE_FIELDS}`;
const TOKEN_FIELDS = `
  fragment TokenFields on ApiToken {
    id name role createdAt createdBy { kind id name } lastUsedAt expiresAt revokedAt
  }`;
export const API_TOKENS = `query { apiTokens { ...TokenFields } } ${TOKEN_FIELDS}`;
export const CREATE_API_TOKEN = `
  mutation ($input: CreateApiTokenInput!) {
    createApiToken(input: $input) { apiToken { ...TokenFields } secret userErrors { ...ErrorFields } }
  } ${TOKEN_FIELDS} ${ERROR_FIELDS}`;
export const REVOKE_API_TOKEN = `
  mutation ($id: ID!) {
    revokeApiToken(id: $id) { apiToken { ...TokenFields } secret userErrors { ...ErrorFields } }
  } ${TOKEN_FIELDS} ${ERROR_FIELDS}`;
