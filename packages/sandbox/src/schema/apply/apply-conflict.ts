import { compareText } from '../json/json-value.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { type FieldSet, pathsOf, printPath } from './field-set.ts';
import { entryIdentity, type ManagedEntry } from './managed-entries.ts';

/** The 409 an apply is answered with. */
export interface ApplyConflict {
  readonly message: string;
  readonly causes: readonly StatusCause[];
}

/** Names the managers and fields in conflict, as the API server does. */
export function conflictsOf(
  conflicts: readonly { readonly entry: ManagedEntry; readonly set: FieldSet }[],
): ApplyConflict {
  const byManager = conflicts
    .map(({ entry, set }) => ({
      identity: entryIdentity(entry),
      manager: printManager(entry),
      paths: pathsOf(set).map(printPath),
    }))
    .sort((left, right) => compareText(left.identity, right.identity));
  const causes = byManager.flatMap(({ manager, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  );
  const [only] = causes;
  if (causes.length === 1 && only !== undefined) {
    return { message: `Apply failed with 1 conflict: ${only.message}: ${only.field}`, causes };
  }
  const lines = byManager.flatMap(({ manager, paths }) => [
    `conflicts with ${manager}:`,
    ...paths.map((path) => `- ${path}`),
  ]);
  return { message: `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`, causes };
}

function printManager(entry: ManagedEntry): string {
  const name = JSON.stringify(entry.manager);
  const where = entry.subresource === '' ? name : `${name} with subresource ${JSON.stringify(entry.subresource)}`;
  return entry.operation === 'Update' ? `${where} using ${entry.apiVersion}` : where;
}
