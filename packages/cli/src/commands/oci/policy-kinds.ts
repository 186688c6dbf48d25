import type { JsonObject } from '@vouchsafe/engine/kernel';
import { kindOf } from '../../inputs/kind-table.ts';

const LEGACY: ReadonlySet<string> = new Set([
  'ClusterPolicy',
  'Policy',
  'PolicyException',
  'ClusterCleanupPolicy',
  'CleanupPolicy',
]);

/** What an artifact of policies may hold. Kyverno's own command reads and writes ClusterPolicy and Policy alone. */
export function isPolicyDocument(object: JsonObject): boolean {
  const { group, kind } = kindOf(object);
  if (group === 'kyverno.io') return LEGACY.has(kind);
  return group === 'policies.kyverno.io' && (kind.endsWith('Policy') || kind === 'PolicyException');
}
