import type { JsonObject } from '../../kernel/json.ts';
import { hasWildcard, matchWildcard } from '../../kernel/wildcard.ts';
import { toFailureAction } from '../../model/failure-action.ts';
import { readText, readTexts } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

/** Namespaces named for Enforce and for Audit must not meet, wildcards included (kyverno-core §4.4.6). */
export function checkOverrideNamespaces(overrides: readonly JsonObject[], path: string, problems: Problems): void {
  const byAction = { Enforce: new Set<string>(), Audit: new Set<string>() };
  for (const [index, override] of overrides.entries()) {
    const action = toFailureAction(readText(override, 'action'));
    if (!action) {
      problems.error(`${path}[${index}].action`, 'invalid action');
      continue;
    }
    const other = byAction[action === 'Enforce' ? 'Audit' : 'Enforce'];
    const namespaces = readTexts(override, 'namespaces');
    const place = `${path}[${index}].namespaces`;
    const shared = namespaces.filter((namespace) => other.has(namespace)).sort();
    if (shared.length > 0) {
      const message = `conflicting namespaces found in path: ${place}: ${shared.join(', ')}`;
      problems.error(place, message, 'policy-conflict');
    } else checkPatterns(namespaces, other, place, problems);
    for (const namespace of namespaces) byAction[action].add(namespace);
  }
}

function checkPatterns(
  namespaces: readonly string[],
  other: ReadonlySet<string>,
  path: string,
  problems: Problems,
): void {
  for (const namespace of namespaces) {
    for (const known of other) {
      const message = conflictOf(namespace, known) ?? conflictOf(known, namespace);
      if (message) {
        problems.error(path, `path: ${path}: ${message}`, 'policy-conflict');
        return;
      }
    }
  }
}

function conflictOf(pattern: string, namespace: string): string | undefined {
  if (!hasWildcard(pattern) || !matchWildcard(pattern, namespace)) return undefined;
  return hasWildcard(namespace)
    ? `wildcard pattern '${pattern}' conflicts with the pattern '${namespace}'`
    : `wildcard pattern '${pattern}' matches with namespace '${namespace}'`;
}
