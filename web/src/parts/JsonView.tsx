import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import './json.css';

/** Entries of one object or list that are drawn at first, and more with each further click. */
const SHOWN = 100;
/** Levels that are open at first. */
const OPEN_LEVELS = 2;

/** JSON that can be folded. Long lists are drawn in parts. @param name  what it is, for screen readers */
export function JsonView({ value, name }: { value: unknown; name: string }) {
  return (
    <div className="json" role="group" aria-label={name} tabIndex={0}>
      <Value value={value} level={0} label={null} last />
    </div>
  );
}

interface ValueProps {
  value: unknown;
  level: number;
  label: ReactNode;
  last: boolean;
}

function Value({ value, level, label, last }: ValueProps) {
  const comma = last ? '' : ',';
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="json-line">
        {label}
        <Leaf value={value} />
        {comma}
      </div>
    );
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [opens, closes] = isList ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return (
      <div className="json-line">
        {label}
        {opens}
        {closes}
        {comma}
      </div>
    );
  }
  return (
    <Folded
      level={level}
      head={
        <>
          {label}
          {opens}
        </>
      }
      closes={closes + comma}
      count={`${entries.length} ${isList ? (entries.length === 1 ? 'item' : 'items') : entries.length === 1 ? 'field' : 'fields'}`}
      entries={entries}
      isList={isList}
    />
  );
}

interface FoldedProps {
  level: number;
  head: ReactNode;
  closes: string;
  count: string;
  entries: [string, unknown][];
  isList: boolean;
}

function Folded({ level, head, closes, count, entries, isList }: FoldedProps) {
  const [open, setOpen] = useState(level < OPEN_LEVELS);
  const [shown, setShown] = useState(SHOWN);
  return (
    <details open={open} onToggle={(event) => event.target === event.currentTarget && setOpen(event.currentTarget.open)}>
      <summary className="json-line">
        {head}
        {!open && (
          <span className="json-dim">
            {' '}
            {count} {closes}
          </span>
        )}
      </summary>
      {open && (
        <>
          <div className="json-inside">
            {entries.slice(0, shown).map(([key, each], i) => (
              <Value
                key={key}
                value={each}
                level={level + 1}
                last={i === entries.length - 1}
                label={isList ? null : <span className="json-key">{JSON.stringify(key)}: </span>}
              />
            ))}
            {entries.length > shown && (
              <Button size="compact-xs" variant="subtle" onClick={() => setShown(shown + SHOWN * 5)}>
                {entries.length - shown} more
              </Button>
            )}
          </div>
          <div className="json-line">{closes}</div>
        </>
      )}
    </details>
  );
}

function Leaf({ value }: { value: unknown }) {
  const kind = value === null ? 'null' : typeof value;
  return <span className={`json-${kind}`}>{JSON.stringify(value)}</span>;
}
