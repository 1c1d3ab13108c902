import { useField } from '../../form/form.tsx';
import type { Path } from '../../parts/path.ts';
import { ZonePicker } from '../../parts/ZonePicker.tsx';
import { useZone } from './zone.ts';

/** The zone of one trigger, where it is another one than the schedule's. */
export function ZoneAt({ path }: { path: Path }) {
  const zone = useZone();
  const { value, set, error } = useField(path);
  return (
    <ZonePicker
      label="Time zone of this trigger"
      description="Left empty: the schedule's."
      value={typeof value === 'string' ? value : null}
      error={error}
      usual={zone}
      onChange={(next) => set(next ?? undefined)}
    />
  );
}
