import { NativeSelect, Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Role } from '../../api/schema.generated.ts';
import { useSession } from '../../api/session.tsx';
import { useAct } from '../../api/useAct.ts';
import { faultAt, faultsElsewhere, fieldFaults } from '../../parts/fieldFaults.ts';
import type { FieldFault } from '../../parts/fieldFaults.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { instantOf, InstantField } from '../../parts/InstantField.tsx';
import { BROWSER_ZONE } from '../../time/format.ts';
import { wallOf } from '../../time/wallClock.ts';
import { LASTINGS, ROLES } from './tokenList.ts';
import { CreateApiTokenDocument } from './tokens.generated.ts';

const FIELDS = ['name', 'role', 'expiresAt'];
const DAY = 86_400_000;

export interface MadeToken {
  name: string;
  secret: string;
}

/** Asks who bears it, what it lets do, and until when. */
export function CreateTokenDialog({ onClose, onDone }: { onClose(): void; onDone(made: MadeToken): void }) {
  const act = useAct();
  const { clockOffset } = useSession();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('VIEWER');
  const [lasting, setLasting] = useState('90');
  const [at, setAt] = useState(() => wallOf(Date.now() + 30 * DAY, BROWSER_ZONE));
  const [faults, setFaults] = useState<readonly FieldFault[]>([]);

  function expiry(): string | null {
    if (lasting === 'at') return instantOf(at, BROWSER_ZONE);
    const days = LASTINGS.find(({ value }) => value === lasting)?.days ?? null;
    return days === null ? null : new Date(Date.now() + clockOffset + days * DAY).toISOString();
  }

  async function create() {
    const input = { name: name.trim(), role, expiresAt: expiry() };
    const outcome = await act(CreateApiTokenDocument, { input }, 'createApiToken');
    if (!outcome.ok) {
      const found = fieldFaults(outcome.faults, ['input']);
      setFaults(found);
      return faultsElsewhere(found, FIELDS) ?? 'It was refused: the field above says why.';
    }
    onDone({ name: input.name, secret: outcome.payload.secret ?? '' });
    return null;
  }

  return (
    <FormDialog
      title="New token"
      confirm="Create"
      size="md"
      ready={name.trim() !== '' && (lasting !== 'at' || expiry() !== null)}
      onClose={onClose}
      onConfirm={create}
    >
      <TextInput
        label="Name"
        description="Who or what bears it. The audit trail gives it."
        placeholder="ci-deploy"
        required
        value={name}
        maxLength={100}
        error={faultAt(faults, 'name')}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <Radio.Group
        label="Role"
        description="The least that is enough."
        value={role}
        onChange={(value) => setRole(value as Role)}
        error={faultAt(faults, 'role')}
      >
        <Stack gap="xs" mt="xs">
          {ROLES.map((each) => (
            <Radio key={each.value} {...each} />
          ))}
        </Stack>
      </Radio.Group>
      <NativeSelect
        label="It lasts"
        data={LASTINGS.map(({ value, label }) => ({ value, label }))}
        value={lasting}
        error={lasting === 'at' ? null : faultAt(faults, 'expiresAt')}
        onChange={(event) => setLasting(event.currentTarget.value)}
      />
      {lasting === 'at' && (
        <InstantField label="Expires" value={at} onChange={setAt} error={faultAt(faults, 'expiresAt')} required />
      )}
    </FormDialog>
  );
}
