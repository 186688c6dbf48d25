/**
 * Syntax of names and labels with the server's own error texts
 * (k8s.io/apimachinery/pkg/util/validation).
 */

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_NAME_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const DNS_1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Every problem of an RFC 1123 subdomain (most object names). */
export function subdomainProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 253) {
    problems.push('must be no more than 253 bytes');
  }
  // The length check first keeps the pattern's work bounded.
  if (name.length > 4096 || !SUBDOMAIN.test(name)) {
    problems.push(SUBDOMAIN_TEXT);
  }
  return problems;
}

/** Every problem of an RFC 1123 label (namespaces). */
export function dnsLabelProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 63) {
    problems.push('must be no more than 63 bytes');
  }
  if (name.length > 4096 || !DNS_LABEL.test(name)) {
    problems.push(LABEL_TEXT);
  }
  return problems;
}

/** Every problem of an RFC 1035 label (services). */
export function dns1035Problems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 63) {
    problems.push('must be no more than 63 bytes');
  }
  if (name.length > 4096 || !DNS_1035.test(name)) {
    problems.push(LABEL_1035_TEXT);
  }
  return problems;
}

/** Every problem of a name used as one path segment (RBAC objects). */
export function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') {
    return [`may not be '${name}'`];
  }
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}

/** Every problem of a qualified name: label keys, annotation keys, finalizers. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  const problems: string[] = [];
  if (parts.length > 2) {
    return [
      `a qualified name ${QUALIFIED_NAME_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1] ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix !== undefined) {
    if (prefix === '') {
      problems.push('prefix part must be non-empty');
    } else {
      problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
    }
  }
  if (name === '') {
    problems.push('name part must be non-empty');
  } else if (name.length > 63) {
    problems.push('name part must be no more than 63 bytes');
  }
  if (name.length > 4096 || !QUALIFIED_PART.test(name)) {
    problems.push(`name part ${QUALIFIED_NAME_TEXT}`);
  }
  return problems;
}

/** The problems of a label key in one text, or undefined. */
export function labelKeyProblem(key: string): string | undefined {
  const problems = qualifiedNameProblems(key);
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** Every problem of a label value. */
export function labelValueProblems(value: string): string[] {
  const problems: string[] = [];
  if (value.length > 63) {
    problems.push('must be no more than 63 bytes');
  }
  if (value !== '' && (value.length > 4096 || !QUALIFIED_PART.test(value))) {
    problems.push(LABEL_VALUE_TEXT);
  }
  return problems;
}

/** The problems of a label value in one text, or undefined. */
export function labelValueProblem(value: string): string | undefined {
  const problems = labelValueProblems(value);
  return problems.length === 0 ? undefined : problems.join('; ');
}
