import resourceTable from '../schema/data/generated/resources.json' with { type: 'json' };
import type { ResourceDefinition } from './resource-definition.ts';

interface ResourceRow {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly group?: string;
    readonly version?: string;
    readonly verbs: readonly string[];
  }[];
}

// The table is data; its literal type would only slow the compiler down.
const ROWS = resourceTable as unknown as readonly ResourceRow[];

/**
 * The built-in resources the server serves: every stable version, as the real server does by default, and
 * the group versions in `extra` (`admissionregistration.k8s.io/v1beta1`).
 */
export function builtInResources(extra: readonly string[] = []): ResourceDefinition[] {
  const wanted = new Set(extra);
  return ROWS.filter(({ group, version }) => /^v\d+$/.test(version) || wanted.has(`${group}/${version}`)).map(
    (row) => ({
      ...row,
      listKind: `${row.kind}List`,
      // events.k8s.io shows the same events as the core group.
      storage: row.group === '' || row.plural === 'events' ? row.plural : `${row.plural}.${row.group}`,
      custom: undefined,
    }),
  );
}
