import { compileRegExp, compileWildcard, EvaluationError, type Regexp } from '@vouchsafe/engine/kernel';
import { type ParsedCertificate, readDer, readDerString } from '@vouchsafe/kube/pki';
import { LRUCache } from 'lru-cache';
import { Refusal, readOrRefuse, shown, shownName } from './refusal.ts';

/**
 * Whom a policy wants as signer. `subject` and `issuer` are wildcards unless they are `exact`, the others RE2 that may match
 * anywhere.
 */
export interface WantedIdentity {
  readonly subject?: string | undefined;
  readonly subjectRegExp?: string | undefined;
  readonly issuer?: string | undefined;
  readonly issuerRegExp?: string | undefined;
  readonly exact?: boolean | undefined;
  /** By object identifier or by the names GitHub's workflows have; values are wildcards. */
  readonly extensions?: Readonly<Record<string, string>> | undefined;
}

/** Object identifiers of Fulcio's certificates (fulcio/docs/oid-info.md). */
const fulcioArc = '1.3.6.1.4.1.57264.1';
const legacyIssuerOid = `${fulcioArc}.1`;
const issuerOid = `${fulcioArc}.8`;
/** Up to this number extensions are bare text; later ones are DER strings. */
const lastBareExtension = 6;

const extensionNames: ReadonlyMap<string, string> = new Map([
  ['githubworkflowtrigger', `${fulcioArc}.2`],
  ['githubworkflowsha', `${fulcioArc}.3`],
  ['githubworkflowname', `${fulcioArc}.4`],
  ['githubworkflowrepository', `${fulcioArc}.5`],
  ['githubworkflowref', `${fulcioArc}.6`],
]);

/** Every subject alternative name, as text: mail addresses, URIs, DNS names, addresses, Fulcio's user names. */
export function subjectsOf(certificate: ParsedCertificate): string[] {
  return certificate.subjectAlternativeNames.map(({ value }) => value).filter((value) => value !== '');
}

/** The OIDC issuer: the DER string (1.8), else the older bare text (1.1). */
export function oidcIssuerOf(certificate: ParsedCertificate): string | undefined {
  return extensionText(certificate, issuerOid) ?? extensionText(certificate, legacyIssuerOid);
}

/**
 * Requires that the certificate is the wanted signer's. One subject alternative name must satisfy all that is said of the
 * subject; a certificate without any satisfies nothing. Refuses `wrong-identity`, or `invalid-attestor` for expressions
 * that are none.
 */
export function checkIdentity(certificate: ParsedCertificate, wanted: WantedIdentity): void {
  const subjects = subjectsOf(certificate);
  const issuer = oidcIssuerOf(certificate);
  const matcher = wanted.exact === true ? equalTo : matcherOf;
  checkText('subject', subjects, wanted.subject, wanted.subjectRegExp, matcher);
  checkText('issuer', issuer === undefined ? [] : [issuer], wanted.issuer, wanted.issuerRegExp, matcher);
  for (const [name, value] of Object.entries(wanted.extensions ?? {})) checkExtension(certificate, name, value);
}

/** Requires that the expressions can be used, before there is anything to match. Refuses `invalid-attestor`. */
export function checkExpressions({ subjectRegExp, issuerRegExp, extensions }: WantedIdentity): void {
  if (!isBlank(subjectRegExp)) expressionOf('subject', subjectRegExp);
  if (!isBlank(issuerRegExp)) expressionOf('issuer', issuerRegExp);
  for (const name of Object.keys(extensions ?? {})) extensionOid(name);
}

function checkText(
  what: string,
  found: readonly string[],
  pattern: string | undefined,
  expression: string | undefined,
  matcher: (pattern: string) => (text: string) => boolean,
) {
  if (isBlank(pattern) && isBlank(expression)) return;
  const matchesPattern = isBlank(pattern) ? () => true : matcher(pattern);
  const regexp = isBlank(expression) ? undefined : expressionOf(what, expression);
  if (found.some((text) => matchesPattern(text) && (regexp === undefined || regexp.test(text)))) return;
  const wanted = [pattern, expression].filter((text) => !isBlank(text)).join(' and ');
  const got = found.length === 0 ? 'none' : shownName(found.join(', '));
  throw new Refusal('wrong-identity', `${what} mismatch: expected ${wanted}, received ${got}`, { wanted, got });
}

function equalTo(pattern: string): (text: string) => boolean {
  return (text) => text === pattern;
}

function checkExtension(certificate: ParsedCertificate, name: string, value: string): void {
  const found = extensionText(certificate, extensionOid(name));
  if (found !== undefined && matcherOf(value)(found)) return;
  const got = found === undefined ? 'none' : shownName(found);
  throw new Refusal('wrong-identity', `extension mismatch: expected ${value} for key ${name}, received ${got}`, {
    wanted: value,
    got,
  });
}

function extensionOid(name: string): string {
  const oid = extensionNames.get(name.toLowerCase()) ?? name;
  if (/^\d+(\.\d+)+$/.test(oid)) return oid;
  throw new Refusal('invalid-attestor', `invalid certificate extension ${shown(name)}`);
}

function extensionText(certificate: ParsedCertificate, oid: string): string | undefined {
  const extension = certificate.extensions.get(oid);
  if (extension === undefined) return undefined;
  const number = oid.startsWith(`${fulcioArc}.`) ? Number(oid.slice(fulcioArc.length + 1)) : 0;
  const isBare = number >= 1 && number <= lastBareExtension;
  if (isBare) return Buffer.from(extension.value).toString('utf8');
  return readOrRefuse('certificate-chain', `the certificate extension ${oid}`, () =>
    readDerString(readDer(extension.value), 'extension'),
  );
}

const matchers = new LRUCache<string, (text: string) => boolean>({ max: 500 });
const expressions = new LRUCache<string, Regexp | EvaluationError>({ max: 500 });

function matcherOf(pattern: string): (text: string) => boolean {
  const known = matchers.get(pattern);
  if (known !== undefined) return known;
  const matcher = compileWildcard(pattern);
  matchers.set(pattern, matcher);
  return matcher;
}

function expressionOf(what: string, source: string): Regexp {
  const compiled = expressions.get(source) ?? compileRegExp(source);
  expressions.set(source, compiled);
  if (compiled instanceof EvaluationError) {
    throw new Refusal('invalid-attestor', `the ${what} expression cannot be used: ${compiled.message}`);
  }
  return compiled;
}

function isBlank(text: string | undefined): text is '' | undefined {
  return text === undefined || text === '';
}
