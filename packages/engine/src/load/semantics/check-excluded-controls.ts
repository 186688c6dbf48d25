import type { JsonObject } from '../../kernel/json.ts';
import { member } from '../../kernel/json.ts';
import { readText } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

/** Controls whose exclusion needs images, and those whose exclusion must not have any (kyverno-core §2.9). */
const CONTAINER_CONTROLS = [
  'Capabilities',
  'Privileged Containers',
  'Host Ports',
  '/proc Mount Type',
  'Privilege Escalation',
];
const POD_CONTROLS = ['Host Namespaces', 'HostPath Volumes', 'Sysctls', 'Volume Types'];
const RESTRICTED_CONTROLS = ['Volume Types', 'Privilege Escalation', 'Running as Non-root', 'Running as Non-root user'];

/** Exclusions of controls, of a rule or of a PolicyException; `level` is the rule's (kyverno-core §2.9). */
export function checkExcludedControls(
  excludes: readonly JsonObject[],
  path: string,
  level: string | undefined,
  problems: Problems,
): void {
  for (const [index, exclude] of excludes.entries()) {
    const place = `${path}[${index}]`;
    const control = readText(exclude, 'controlName') ?? '';
    const hasImages = isGiven(exclude, 'images');
    if (CONTAINER_CONTROLS.includes(control) && !hasImages) {
      problems.error(
        `${place}.controlName`,
        'exclude.images must be specified for the container level control',
        'policy-missing-field',
      );
    }
    if (POD_CONTROLS.includes(control) && hasImages) {
      problems.error(
        `${place}.controlName`,
        'exclude.images must not be specified for the pod level control',
        'policy-conflict',
      );
    }
    const [hasField, hasValues] = [Boolean(readText(exclude, 'restrictedField')), isGiven(exclude, 'values')];
    if (hasField && !hasValues) problems.error(`${place}.values`, 'values is required', 'policy-missing-field');
    if (!hasField && hasValues)
      problems.error(`${place}.restrictedField`, 'restrictedField is required', 'policy-missing-field');
    if (level === 'baseline' && RESTRICTED_CONTROLS.includes(control)) {
      problems.error(`${place}.controlName`, 'Invalid control name defined at the given level');
    }
  }
}

function isGiven(object: JsonObject, key: string): boolean {
  const value = member(object, key);
  return value !== undefined && value !== null;
}
