import { Code, Stack, Table, Text } from '@mantine/core';
import { JsonView } from '../../parts/JsonView.tsx';
import { schemaFields } from './schemaFields.ts';

/** What an input of a task may hold, by its JSON Schema. */
export function InputSchema({ schema, whole = true }: { schema: Record<string, unknown> | null; whole?: boolean }) {
  if (schema === null)
    return (
      <Text size="sm" c="dimmed">
        Its code names no fields: any JSON object is taken, and it may be left out.
      </Text>
    );
  const fields = schemaFields(schema);
  return (
    <Stack gap="sm">
      {fields.length > 0 && (
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Field</Table.Th>
              <Table.Th>What it holds</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {fields.map(({ path, type, required, description, fallback, limits }) => (
              <Table.Tr key={path}>
                <Table.Th scope="row" fw={400}>
                  <Code>{path}</Code>
                  {required && (
                    <Text size="xs" c="var(--mantine-color-error)">
                      required
                    </Text>
                  )}
                </Table.Th>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <Text size="sm">
                    {type}
                    {limits !== null && `, ${limits}`}
                    {fallback !== null && (
                      <>
                        ; if it is left out <Code>{fallback}</Code>
                      </>
                    )}
                  </Text>
                  {description !== null && (
                    <Text size="xs" c="dimmed">
                      {description}
                    </Text>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {whole && (
        <details>
          <summary>
            <Text span size="sm">
              The whole JSON Schema
            </Text>
          </summary>
          <JsonView value={schema} name="JSON Schema" />
        </details>
      )}
    </Stack>
  );
}
