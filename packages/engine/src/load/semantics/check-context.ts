import type { JsonObject } from '../../kernel/json.ts';
import { member } from '../../kernel/json.ts';
import { readObject, readText } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

const RESERVED = ['images', 'request', 'serviceAccountName', 'serviceAccountNamespace', 'element', 'elementIndex'];

/** Context entries (kyverno-core §4.4.10). That exactly one source is given is the schema's business. */
export function checkContext(entries: readonly JsonObject[], path: string, problems: Problems): void {
  for (const [index, entry] of entries.entries()) checkEntry(entry, `${path}[${index}]`, problems);
}

function checkEntry(entry: JsonObject, path: string, problems: Problems): void {
  const name = readText(entry, 'name') ?? '';
  if (name === '') problems.error(`${path}.name`, 'a name is required for context entries', 'policy-missing-field');
  const reserved = RESERVED.find((word) => name === word || name.startsWith(`${word}.`));
  if (reserved) {
    const message = `entry name ${name} is invalid as it conflicts with a pre-defined variable ${reserved}`;
    problems.error(`${path}.name`, message, 'policy-conflict');
  }
  const configMap = readObject(entry, 'configMap');
  if (configMap) {
    if (!readText(configMap, 'name'))
      problems.error(`${path}.configMap`, 'a name is required for configMap context entry');
    if (!readText(configMap, 'namespace')) {
      problems.error(
        `${path}.configMap`,
        'a namespace is required for configMap context entry',
        'policy-missing-field',
      );
    }
  }
  const variable = readObject(entry, 'variable');
  if (variable) checkVariable(variable, `${path}.variable`, problems);
  const apiCall = readObject(entry, 'apiCall');
  if (readText(apiCall, 'urlPath') && readObject(apiCall, 'service')) {
    problems.error(`${path}.apiCall`, 'a URLPath cannot be used for service API calls', 'policy-conflict');
  }
}

function checkVariable(variable: JsonObject, path: string, problems: Problems): void {
  const isGiven = (key: string): boolean => {
    const value = member(variable, key);
    return value !== undefined && value !== null && value !== '';
  };
  if (!isGiven('value') && !isGiven('jmesPath')) {
    problems.error(path, 'a variable must define a value or a jmesPath expression', 'policy-missing-field');
  }
  const fallback = member(variable, 'default');
  if (fallback !== undefined && fallback !== null && !isGiven('jmesPath')) {
    const message = 'a variable must define a default value only when a jmesPath expression is defined';
    problems.error(path, message, 'policy-conflict');
  }
}
