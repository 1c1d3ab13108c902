import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestCarillon } from '../support/carillon.ts';

test('a started Carillon says who asks', async (t) => {
  const carillon = await startTestCarillon(t);
  const { data } = await carillon.ask<{ viewer: { role: string } }>('{ viewer { role } }');
  assert.equal(data.viewer.role, 'ADMIN');
});
