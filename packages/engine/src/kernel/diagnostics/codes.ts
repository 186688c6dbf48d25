/**
 * Every code a diagnostic can carry, with its one-line meaning. Each has a page section in `docs/errors.md`;
 * a test keeps the two in step, both ways. Add a code here when a new kind of failure appears, grouped by prefix.
 */
export const DIAGNOSTIC_CODES = {
  'document-syntax': 'the text is not valid YAML or JSON',
  'document-too-large': 'the text is larger than the limit',
  'document-too-deep': 'the document is nested deeper than the limit',
  'document-duplicate-key': 'a mapping names the same key twice',
  'policy-unknown-kind': 'the document is of a kind that is no policy',
  'policy-unknown-field': 'the schema of the kind has no such field',
  'policy-wrong-type': 'a field holds a value of another type than its schema says',
  'policy-missing-field': 'a required field is absent',
  'policy-invalid-value': 'a field holds a value that is not allowed',
  'policy-conflict': 'two parts of the policy contradict each other',
  'policy-unsupported': 'the policy uses a part that this version does not execute',
  'policy-deprecated': 'the policy uses a deprecated part',
  'jmespath-syntax': 'a JMESPath expression cannot be parsed',
  'jmespath-unknown-function': 'a JMESPath expression calls a function that does not exist',
  'cel-syntax': 'a CEL expression cannot be parsed',
  'cel-type': 'a CEL expression names what does not exist, or has the wrong type',
  'variable-not-allowed': 'a variable is used where the policy does not define it',
  'regexp-syntax': 'a regular expression is not valid RE2',
  'pattern-syntax': 'a pattern uses an anchor wrongly',
  'image-reference': 'an image reference cannot be parsed',
  'key-material': 'a public key or certificate cannot be read',
} as const;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
