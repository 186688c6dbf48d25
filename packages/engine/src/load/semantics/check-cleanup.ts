import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { isEqualJson, type JsonObject } from '../../kernel/json.ts';
import { readObject, readObjects, readTexts } from '../../model/read-json.ts';
import { checkContext } from './check-context.ts';
import { createProblems, type Problems } from './problems.ts';

/** What Kyverno has against a CleanupPolicy beyond its schema (kyverno-core §1.4). */
export function checkCleanup(document: JsonObject): readonly Diagnostic[] {
  const problems = createProblems();
  const spec = readObject(document, 'spec') ?? {};
  checkEntries(readObjects(spec, 'context'), problems);
  const match = readObject(spec, 'match') ?? {};
  const exclude = readObject(spec, 'exclude') ?? {};
  forbidUserInfo(match, 'spec.match', problems);
  forbidUserInfo(exclude, 'spec.exclude', problems);
  if (Object.keys(exclude).length > 0 && isEqualJson(match, exclude)) {
    problems.error('spec', 'CleanupPolicy is matching an empty set', 'policy-conflict');
  }
  return problems.found;
}

function checkEntries(entries: readonly JsonObject[], problems: Problems): void {
  checkContext(entries, 'spec.context', problems);
  for (const [index, entry] of entries.entries()) {
    const path = `spec.context[${index}]`;
    if (readObject(entry, 'imageRegistry')) {
      problems.error(path, 'ImageRegistry is not allowed in CleanUp Policy', 'policy-unsupported');
    }
    if (readObject(entry, 'configMap')) {
      problems.error(path, 'ConfigMap is not allowed in CleanUp Policy', 'policy-unsupported');
    }
  }
}

/** Nobody asks for a cleanup. */
function forbidUserInfo(block: JsonObject, path: string, problems: Problems): void {
  const filters = (['any', 'all'] as const).flatMap((mode) =>
    readObjects(block, mode).map((filter, index) => ({ filter, path: `${path}.${mode}[${index}]` })),
  );
  for (const { filter, path: place } of [{ filter: block, path }, ...filters]) {
    const asks =
      readTexts(filter, 'roles').length +
      readTexts(filter, 'clusterRoles').length +
      readObjects(filter, 'subjects').length;
    if (asks > 0) problems.error(place, 'Usage of user info is forbidden');
  }
}
