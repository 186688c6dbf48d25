import { decodeBase64 } from '../values/base64.ts';
import { daysInMonth, parseTimestamp } from '../values/time.ts';
import { parseRequestUri } from './request-uri.ts';

/** A named format: what is wrong with a text, and the length of pattern its cost is reckoned with. */
export interface NamedFormat {
  readonly name: string;
  readonly problems: (text: string) => readonly string[];
  readonly patternSize: number;
}

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const DATE = /^\d{4}-\d\d-\d\d$/;

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** A pattern with a greatest length. */
function shape(pattern: RegExp, text: string, limit: number): (value: string) => string[] {
  return (value) => {
    const problems: string[] = [];
    if (value.length > limit) problems.push(`must be no more than ${limit} bytes`);
    if (value.length > limit * 4 || !pattern.test(value)) problems.push(text);
    return problems;
  };
}

const label = shape(LABEL, LABEL_TEXT, 63);
const label1035 = shape(LABEL_1035, LABEL_1035_TEXT, 63);
const subdomain = shape(SUBDOMAIN, SUBDOMAIN_TEXT, 253);

/** Names may end with a dash when a random suffix is going to follow. */
function asPrefix(problems: (value: string) => string[]): (value: string) => string[] {
  return (value) => problems(value.length > 1 && value.endsWith('-') ? `${value.slice(0, -1)}a` : value);
}

function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2) {
    return [`a valid label key ${NAME_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const problems: string[] = [];
  const name = second ?? first;
  if (second !== undefined) {
    if (first === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomain(first).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 bytes');
  if (!NAME.test(name.slice(0, 256))) problems.push(`name part ${NAME_TEXT}`);
  return problems;
}

function labelValue(value: string): string[] {
  const problems: string[] = [];
  if (value.length > 63) problems.push('must be no more than 63 bytes');
  if (value !== '' && !NAME.test(value.slice(0, 256))) problems.push(LABEL_VALUE_TEXT);
  return problems;
}

function isDate(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  return DATE.test(text) && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

function unless(valid: (value: string) => boolean, problem: string): (value: string) => string[] {
  return (value) => (valid(value) ? [] : [problem]);
}

function uriProblems(value: string): string[] {
  const uri = parseRequestUri(value);
  return typeof uri === 'string' ? [uri] : [];
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && decodeBase64(value) !== undefined;
}

/** The formats of Kubernetes' validation by the name they are asked for. */
export const NAMED_FORMATS: ReadonlyMap<string, NamedFormat> = new Map(
  (
    [
      ['dns1123Label', 'DNS1123Label', label, 30],
      ['dns1123Subdomain', 'DNS1123Subdomain', subdomain, 60],
      ['dns1035Label', 'DNS1035Label', label1035, 30],
      ['qualifiedName', 'QualifiedName', qualifiedName, 60],
      ['dns1123LabelPrefix', 'DNS1123LabelPrefix', asPrefix(label), 30],
      ['dns1123SubdomainPrefix', 'DNS1123SubdomainPrefix', asPrefix(subdomain), 60],
      ['dns1035LabelPrefix', 'DNS1035LabelPrefix', asPrefix(label1035), 30],
      ['labelValue', 'LabelValue', labelValue, 40],
      ['uri', 'URI', uriProblems, 1103],
      ['uuid', 'uuid', unless((value) => UUID.test(value), 'does not match the UUID format'), 72],
      ['byte', 'byte', unless(isBase64, 'invalid base64'), 84],
      ['date', 'date', unless(isDate, 'invalid date'), 72],
      ['datetime', 'datetime', unless((value) => parseTimestamp(value) !== undefined, 'invalid datetime'), 72],
    ] as const
  ).map(([key, name, problems, patternSize]) => [key, { name, problems, patternSize }]),
);
