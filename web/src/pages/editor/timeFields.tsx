import { TextInput } from '@mantine/core';
import { shown, textOf } from '../../form/fields.tsx';
import type { Asked } from '../../form/fields.tsx';
import { useField } from '../../form/form.tsx';
import { readWall, wallOf } from '../../time/wallClock.ts';
import { useZone } from './zone.ts';

/** A wall clock's time that is kept as it is. */
export function WallAt({ keepsEmpty = false, ...asked }: Asked & { keepsEmpty?: boolean }) {
  const { value, set, error } = useField(asked.path);
  return (
    <TextInput
      {...shown(asked)}
      type="datetime-local"
      step={1}
      value={textOf(value)}
      error={error}
      aria-label={asked.label}
      onChange={({ currentTarget }) =>
        set(currentTarget.value === '' ? (keepsEmpty ? '' : undefined) : withSeconds(currentTarget.value))
      }
    />
  );
}

/** An instant, written as the clock of the schedule's zone shows it. */
export function InstantAt(asked: Asked) {
  const zone = useZone();
  const { value, set, error } = useField(asked.path);
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  const wall = Number.isNaN(at) ? '' : safeWall(at, zone);
  const reading = wall === '' ? null : readWall(wall, zone);
  return (
    <TextInput
      {...shown(asked)}
      description={
        <>
          {asked.description} On the clock of {zone}.
          {reading?.is === 'TWICE' && ` This time comes twice there; it is the ${reading.at === at ? 'first' : 'second'}.`}
        </>
      }
      type="datetime-local"
      step={1}
      value={wall}
      error={error}
      onChange={({ currentTarget }) => {
        const next = readWall(withSeconds(currentTarget.value), zone);
        set(next === null ? undefined : new Date(next.at).toISOString());
      }}
    />
  );
}

function safeWall(at: number, zone: string): string {
  try {
    return wallOf(at, zone);
  } catch {
    // The zone is being typed.
    return wallOf(at, 'UTC');
  }
}

const withSeconds = (wall: string): string => (wall.length === 16 ? `${wall}:00` : wall);
