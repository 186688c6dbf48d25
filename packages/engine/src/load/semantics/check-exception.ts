import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { readFlag, readObject, readObjects, readText, readTexts } from '../../model/read-json.ts';
import { checkExcludedControls } from './check-excluded-controls.ts';
import { createProblems } from './problems.ts';

/** What Kyverno has against a PolicyException beyond its schema (kyverno-core §1.3, §4.4). */
export function checkException(document: JsonObject): readonly Diagnostic[] {
  const problems = createProblems();
  const spec = readObject(document, 'spec');
  for (const [index, exception] of readObjects(spec, 'exceptions').entries()) {
    if (!readText(exception, 'policyName')) {
      problems.error(`spec.exceptions[${index}].policyName`, 'An exception requires a policy name');
    }
  }
  checkExcludedControls(readObjects(spec, 'podSecurity'), 'spec.podSecurity', undefined, problems);
  if (readFlag(spec, 'background') ?? true) forbidUserInfo(readObject(spec, 'match'), problems.error);
  return problems.found;
}

function forbidUserInfo(match: JsonObject | undefined, error: (path: string, message: string) => void): void {
  for (const mode of ['any', 'all'] as const) {
    for (const [index, filter] of readObjects(match, mode).entries()) {
      const path = `spec.match.${mode}[${index}]`;
      if (readTexts(filter, 'roles').length > 0) error(`${path}.roles`, 'Usage of user info is forbidden');
      if (readTexts(filter, 'clusterRoles').length > 0)
        error(`${path}.clusterRoles`, 'Usage of user info is forbidden');
      if (readObjects(filter, 'subjects').length > 0) error(`${path}.subjects`, 'Usage of user info is forbidden');
    }
  }
}
