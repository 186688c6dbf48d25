import { RE2JS } from 're2js';

const ALPHANUMERIC = '[A-Za-z0-9]';
const QUALIFIED_PART = `(${ALPHANUMERIC}[-A-Za-z0-9_.]*)?${ALPHANUMERIC}`;
const LABEL_VALUE = `(${QUALIFIED_PART})?`;
const DNS1123_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS1123_SUBDOMAIN = `${DNS1123_LABEL}(\\.${DNS1123_LABEL})*`;
const DNS1035_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';

/** What a name must match, and how the API server says so. */
interface NameRule {
  readonly pattern: RE2JS;
  readonly source: string;
}

function rule(source: string): NameRule {
  return { pattern: RE2JS.compile(`^(?:${source})$`), source };
}

const RULES = {
  qualifiedPart: rule(QUALIFIED_PART),
  labelValue: rule(LABEL_VALUE),
  dns1123Label: rule(DNS1123_LABEL),
  dns1123Subdomain: rule(DNS1123_SUBDOMAIN),
  dns1035Label: rule(DNS1035_LABEL),
};

function matches(name: string, { pattern }: NameRule): boolean {
  return pattern.matcher(name).find();
}

/** `must be no more than 63 bytes`: the text of a name that is too long. */
export function maxLengthProblem(limit: number): string {
  return `must be no more than ${limit} bytes`;
}

/** The text of a name that does not match: examples, then the expression. */
function regexProblem(text: string, source: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${source}')`;
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${text} (e.g. ${shown}regex used for validation is '${source}')`;
}

function checked(name: string, used: NameRule, limit: number, problem: string): string[] {
  const problems: string[] = [];
  if (byteLength(name) > limit) problems.push(maxLengthProblem(limit));
  if (!matches(name, used)) problems.push(problem);
  return problems;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Problems of a DNS-1123 label, such as a namespace or container name. Each function returns the server's texts. */
export function dns1123LabelProblems(name: string): string[] {
  const text =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return checked(name, RULES.dns1123Label, 63, regexProblem(text, DNS1123_LABEL, 'my-name', '123-abc'));
}

/** Problems of a DNS-1123 subdomain, the name of most objects. */
export function dns1123SubdomainProblems(name: string): string[] {
  const text =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return checked(name, RULES.dns1123Subdomain, 253, regexProblem(text, DNS1123_SUBDOMAIN, 'example.com'));
}

/** Problems of a DNS-1035 label, such as the name of a Service. */
export function dns1035LabelProblems(name: string): string[] {
  const text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return checked(name, RULES.dns1035Label, 63, regexProblem(text, DNS1035_LABEL, 'my-name', 'abc-123'));
}

/** Problems of a label value. */
export function labelValueProblems(value: string): string[] {
  const text =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return checked(value, RULES.labelValue, 63, regexProblem(text, LABEL_VALUE, 'MyValue', 'my_value', '12345'));
}

/** Problems of a qualified name: a label or annotation key, a finalizer, a resource name. */
export function qualifiedNameProblems(name: string): string[] {
  const parts = name.split('/');
  const text =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  if (parts.length > 2) {
    const problem = regexProblem(`a qualified name ${text}`, QUALIFIED_PART, 'MyName', 'my.name', '123-abc');
    return [`${problem} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const problems: string[] = [];
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const part = parts.at(-1) ?? '';
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined)
    problems.push(...dns1123SubdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  if (part === '') problems.push('name part must be non-empty');
  else if (byteLength(part) > 63) problems.push(`name part ${maxLengthProblem(63)}`);
  if (!matches(part, RULES.qualifiedPart)) {
    problems.push(regexProblem(`name part ${text}`, QUALIFIED_PART, 'MyName', 'my.name', '123-abc'));
  }
  return problems;
}

/** Problems of a name that is only a path segment, as RBAC objects have. */
export function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%']
    .filter((character) => name.includes(character))
    .map((character) => `may not contain '${character}'`);
}
