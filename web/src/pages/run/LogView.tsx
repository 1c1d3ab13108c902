import { ActionIcon, Alert, Button, Group, Paper, Select, Switch, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { IconArrowDown, IconChevronDown, IconChevronUp, IconDownload, IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useSession } from '../../api/session.tsx';
import type { LogLevel } from '../../api/schema.generated.ts';
import { BROWSER_ZONE, formatInstant, formatSecond, offsetOf } from '../../time/format.ts';
import { LEVELS, fieldsText, splitAt, textOf, viewOf } from './logBuffer.ts';
import type { LogLine, LogRow } from './logBuffer.ts';
import { useRunLog } from './useRunLog.ts';
import './log.css';

interface LogViewProps {
  runId: string;
  /** The run has ended: nothing more is said. */
  over: boolean;
  /** HTTP tasks say little: what is empty is not waited for. */
  isCode: boolean;
}

/** What a run says, as it says it. */
export function LogView({ runId, over, isCode }: LogViewProps) {
  const { viewer } = useSession();
  if (viewer.actor.kind === 'ANONYMOUS') {
    return (
      <Frame>
        <Text c="dimmed" size="sm" p="md">
          Logs are shown to who has a token: they may hold what is not meant for everybody. Log in with one.
        </Text>
      </Frame>
    );
  }
  return <Log runId={runId} over={over} isCode={isCode} />;
}

function Frame({ tools, children }: { tools?: React.ReactNode; children: React.ReactNode }) {
  return (
    <Paper withBorder component="section" aria-labelledby="log-title">
      <Group justify="space-between" gap="xs" p="xs" pl="md">
        <Title order={2} size="h3" id="log-title">
          Log
        </Title>
        {tools}
      </Group>
      {children}
    </Paper>
  );
}

function Log({ runId, over, isCode }: LogViewProps) {
  const { log, fault, again } = useRunLog(runId);
  const [least, setLeast] = useState<LogLevel>('DEBUG');
  const [search, setSearch] = useState('');
  const wanted = useDeferredValue(search);
  const [chosen, setChosen] = useState(0);
  const { rows, found, hidden } = useMemo(() => viewOf(log.lines, least, wanted), [log.lines, least, wanted]);
  const frame = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const [follows, setFollows] = useState(true);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => (rows[index]?.kind === 'mark' ? 30 : 21),
    overscan: 20,
  });

  // Twice: what is drawn at the end is measured then, and may be higher than was thought.
  useEffect(() => {
    if (!follows || rows.length === 0) return;
    const toEnd = () => frame.current && (frame.current.scrollTop = frame.current.scrollHeight);
    toEnd();
    const drawn = requestAnimationFrame(() => requestAnimationFrame(toEnd));
    return () => cancelAnimationFrame(drawn);
  }, [rows, follows]);

  const at = found.length === 0 ? 0 : Math.min(chosen, found.length - 1);
  function goTo(place: number) {
    const next = (place + found.length) % found.length;
    setChosen(next);
    setFollows(false);
    virtual.scrollToIndex(found[next] as number, { align: 'center' });
  }
  useEffect(() => {
    if (wanted.trim() !== '' && found.length > 0) goTo(0);
    else setChosen(0);
    // Only another search goes back to the first: lines that come do not move what is read.
  }, [wanted, least]);

  const empty = rows.length === 0;
  return (
    <Frame
      tools={
        <Group gap="xs" justify="flex-end" flex={1} maw={640}>
          <Select
            aria-label="Least level"
            data={LEVELS.map((level) => ({ value: level, label: level === 'TRACE' ? 'All levels' : `${word(level)} and above` }))}
            value={least}
            allowDeselect={false}
            onChange={(value) => setLeast(value as LogLevel)}
            size="xs"
            w={150}
          />
          <TextInput
            aria-label="Search in the log"
            placeholder="Search"
            leftSection={<IconSearch size={14} />}
            size="xs"
            flex={1}
            miw={130}
            maw={240}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && found.length > 0) goTo(at + (event.shiftKey ? -1 : 1));
              if (event.key === 'Escape') setSearch('');
            }}
            rightSectionWidth={64}
            rightSection={
              wanted.trim() !== '' && (
                <Text size="xs" c="dimmed" className="nowrap" role="status">
                  {found.length === 0 ? 'none' : `${at + 1} of ${found.length}`}
                </Text>
              )
            }
          />
          {found.length > 0 && (
            <Group gap={2}>
              <ActionIcon variant="default" size="sm" aria-label="Previous line that was found" onClick={() => goTo(at - 1)}>
                <IconChevronUp size={14} />
              </ActionIcon>
              <ActionIcon variant="default" size="sm" aria-label="Next line that was found" onClick={() => goTo(at + 1)}>
                <IconChevronDown size={14} />
              </ActionIcon>
            </Group>
          )}
          <Switch label="Follow" size="xs" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} />
          <Tooltip label="Download all of it as text">
            <ActionIcon
              variant="default"
              size="md"
              aria-label="Download the log"
              disabled={log.lines.length === 0}
              onClick={() => download(`run-${runId}.log`, textOf(log.lines))}
            >
              <IconDownload size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      }
    >
      {fault !== null && (
        <Alert color="red" m="xs" title="The log cannot be read" role="alert">
          <Text size="sm">{fault}</Text>
          <Button size="xs" variant="default" mt="xs" onClick={again}>
            Try again
          </Button>
        </Alert>
      )}
      <div className="log-place">
        <div
          ref={frame}
          className={empty && (!isCode || (over && log.caughtUp)) ? 'log log-none' : 'log'}
          role="log"
          aria-live="off"
          aria-label="Log"
          tabIndex={0}
          onWheel={(event) => event.deltaY < 0 && setFollows(false)}
          onTouchMove={() => setFollows(false)}
          onKeyDown={(event) => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && setFollows(false)}
          onPointerDown={(event) => event.target === frame.current && setFollows(false)}
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            const down = scrollTop > lastTop.current;
            lastTop.current = scrollTop;
            if (down && !follows && !empty && scrollHeight - scrollTop - clientHeight < 4 && wanted.trim() === '')
              setFollows(true);
          }}
        >
          {empty && (
            <Text c="dimmed" size="sm" p="md">
              {emptyWords(log.caughtUp, over, isCode, hidden)}
            </Text>
          )}
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map((item) => (
              <div
                key={item.key}
                data-index={item.index}
                ref={virtual.measureElement}
                className="log-row"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Row row={rows[item.index] as LogRow} search={wanted} chosen={found[at] === item.index} />
              </div>
            ))}
          </div>
        </div>
        {!follows && !over && !empty && (
          <Button
            className="log-jump"
            size="compact-sm"
            leftSection={<IconArrowDown size={14} />}
            onClick={() => setFollows(true)}
          >
            Follow
          </Button>
        )}
      </div>
      <Group justify="space-between" px="md" py={6} gap="xs">
        <Text size="xs" c="dimmed">
          {log.lines.length.toLocaleString('en')} {log.lines.length === 1 ? 'line' : 'lines'}
          {hidden > 0 && `, ${hidden.toLocaleString('en')} below ${word(least)} not shown`}
          {' · '}
          {log.final ? 'complete' : fault === null ? 'goes on' : 'broken off'}
        </Text>
        <Text size="xs" c="dimmed">
          Times are those of {BROWSER_ZONE}
        </Text>
      </Group>
    </Frame>
  );
}

const word = (level: LogLevel) => level.charAt(0) + level.slice(1).toLowerCase();

function emptyWords(caughtUp: boolean, over: boolean, isCode: boolean, hidden: number): string {
  if (hidden > 0) return `It has said ${hidden} lines, all of a lower level.`;
  if (!caughtUp) return 'Reading …';
  if (!isCode) return 'Requests of HTTP tasks write no log. What was answered stands in the output.';
  return over
    ? 'It has said nothing. Tasks write lines with log.info("…").'
    : 'Nothing yet. Lines appear here as they are written.';
}

function Row({ row, search, chosen }: { row: LogRow; search: string; chosen: boolean }) {
  if (row.kind === 'mark') {
    return (
      <div className={row.first ? 'log-mark log-mark-attempt' : 'log-mark'}>
        {row.first && <span>Attempt {row.attempt}</span>}
        {row.step !== null && <span>Step {row.step}</span>}
      </div>
    );
  }
  return <Line line={row.line} search={row.found ? search : ''} chosen={chosen} />;
}

function Line({ line, search, chosen }: { line: LogLine; search: string; chosen: boolean }) {
  const at = Date.parse(line.at);
  const millis = String(at % 1000).padStart(3, '0');
  return (
    <div className={`log-line log-${line.level.toLowerCase()}${chosen ? ' log-chosen' : ''}`}>
      <time
        dateTime={line.at}
        title={`${formatInstant(at, BROWSER_ZONE)}.${millis} ${BROWSER_ZONE} (${offsetOf(at, BROWSER_ZONE)})\n${line.at}`}
      >
        {formatSecond(at, BROWSER_ZONE)}
        <span className="log-millis">.{millis}</span>
      </time>
      <span className="log-level">{line.level}</span>
      <span className="log-text">
        <Marked text={line.message} search={search} />
        {line.fields !== null && (
          <span className="log-fields">
            {' '}
            <Marked text={fieldsText(line.fields)} search={search} />
          </span>
        )}
      </span>
    </div>
  );
}

function Marked({ text, search }: { text: string; search: string }) {
  const parts = splitAt(text, search);
  if (parts.length === 1) return text;
  // Every other part is what was searched for.
  return parts.map((part, i) => (i % 2 === 1 ? <mark key={i}>{part}</mark> : part));
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
