import { CelError } from '@vouchsafe/cel';
import type { Attestor, CTLog, KeyAttestor, KeylessAttestor, Rekor } from '../../facts/attestor.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { PolicyLanguage, PolicyScope } from '../../lang/cel/policy-language.ts';
import { readFlag, readObject, readObjects, readText, readTextMap } from '../../model/read-json.ts';
import { type AttestorText, compileText, compileValue, evaluateTexts } from './attestor-parts.ts';

/** What evaluates to an attestor; the error is told by whoever asks for it. */
export type AttestorSource = (scope: PolicyScope) => Attestor | CelError;

/** `attestors[].cosign` (kyverno-cel §1.7): a key, a certificate or identities, and whom to believe about them. */
export function compileCosign(cosign: JsonObject, path: string, language: PolicyLanguage): AttestorSource {
  const trustedRoot = compileValue(cosign, 'trustedRoot', path, language);
  const signer = compileSigner(cosign, path, language);
  const shared = toShared(cosign);
  return (scope) => {
    const own = evaluateTexts({ trustedRoot }, scope);
    if (own instanceof CelError) return own;
    const signed = signer(scope);
    return signed instanceof CelError ? signed : withShared(signed, { ...shared, ...own });
  };
}

type Shared = Pick<Attestor, 'annotations' | 'repository' | 'tagPrefix' | 'trustedRoot' | 'tuf'>;

function toShared(cosign: JsonObject): Shared {
  const source = readObject(cosign, 'source');
  const repository = readText(source, 'repository');
  const tagPrefix = readText(source, 'tagPrefix');
  const tuf = readObject(cosign, 'tuf');
  const mirror = readText(tuf, 'mirror');
  const root = readText(readObject(tuf, 'root'), 'data');
  return {
    annotations: readTextMap(cosign, 'annotations'),
    ...(repository ? { repository } : {}),
    ...(tagPrefix ? { tagPrefix } : {}),
    ...(tuf ? { tuf: { ...(mirror ? { mirror } : {}), ...(root ? { root } : {}) } } : {}),
  };
}

/** Identities are entries of a nested set: what they share belongs to each. */
function withShared(attestor: Attestor, shared: Shared): Attestor {
  if (!attestor.attestor) return { ...attestor, ...shared };
  const entries = attestor.attestor.entries.map((entry) => ({ ...entry, ...shared }));
  return { attestor: { ...attestor.attestor, entries } };
}

function compileSigner(cosign: JsonObject, path: string, language: PolicyLanguage): AttestorSource {
  const logs = toLogs(readObject(cosign, 'ctlog'));
  const key = readObject(cosign, 'key');
  if (key) return compileKey(key, `${path}.key`, logs, language);
  const certificate = readObject(cosign, 'certificate');
  if (certificate) return compileCertificate(certificate, `${path}.certificate`, logs, language);
  const keyless = readObject(cosign, 'keyless');
  if (keyless) return compileKeyless(keyless, `${path}.keyless`, logs, language);
  const problem = 'one of key, certificate and keyless is needed';
  language.report({ code: 'policy-missing-field', severity: 'warning', message: problem, path });
  return () => new CelError(`the attestor cannot verify anything: ${problem}`);
}

interface Logs {
  readonly rekor?: Rekor;
  readonly ctlog?: CTLog;
}

function toLogs(written: JsonObject | undefined): Logs {
  if (!written) return {};
  const url = readText(written, 'url');
  const pubkey = readText(written, 'rekorPubKey');
  const ignoreTlog = readFlag(written, 'insecureIgnoreTlog') ?? false;
  const certificateLogKey = readText(written, 'ctLogPubKey');
  const tsaCertChain = readText(written, 'tsaCertChain');
  const ignoreSCT = readFlag(written, 'insecureIgnoreSCT') ?? false;
  return {
    rekor: { ...(url ? { url } : {}), ...(pubkey ? { pubkey } : {}), ignoreTlog },
    ctlog: {
      ...(certificateLogKey ? { pubkey: certificateLogKey } : {}),
      ...(tsaCertChain ? { tsaCertChain } : {}),
      ignoreSCT,
    },
  };
}

const PEM_KEY = /-----BEGIN [A-Z ]*PUBLIC KEY-----/;

/** `data` and the value of `expression` are PEM; a reference to a key elsewhere belongs in `kms`. */
function compileKey(key: JsonObject, path: string, logs: Logs, language: PolicyLanguage): AttestorSource {
  const kms = readText(key, 'kms');
  const hash = readText(key, 'hashAlgorithm');
  const common: KeyAttestor = { ...(hash ? { signatureAlgorithm: hash } : {}), ...logs };
  const data = compileText(key, 'data', 'expression', path, language);
  if (!data && kms) return () => ({ keys: { ...common, kms } });
  return (scope) => {
    const text = data?.(scope) ?? new CelError(`${path}: a public key is needed`);
    if (text instanceof CelError) return text;
    if (!PEM_KEY.test(text)) return new CelError(`${path}: the public key is no PEM`);
    return { keys: { ...common, publicKeys: text.trim() } };
  };
}

function compileCertificate(written: JsonObject, path: string, logs: Logs, language: PolicyLanguage): AttestorSource {
  const texts: Readonly<Record<'cert' | 'certChain', AttestorText>> = {
    cert: compileValue(written, 'cert', path, language),
    certChain: compileValue(written, 'certChain', path, language),
  };
  return (scope) => {
    const found = evaluateTexts(texts, scope);
    return found instanceof CelError ? found : { certificates: { ...found, ...logs } };
  };
}

/** One of the identities must have signed. Their texts are whole, unlike those of ClusterPolicies. */
function compileKeyless(keyless: JsonObject, path: string, logs: Logs, language: PolicyLanguage): AttestorSource {
  const roots = readText(keyless, 'roots');
  const extensions = readTextMap(keyless, 'additionalExtensions');
  const common: KeylessAttestor = {
    exact: true,
    ...(roots ? { roots } : {}),
    ...(Object.keys(extensions).length > 0 ? { additionalExtensions: extensions } : {}),
    ...logs,
  };
  const identities = readObjects(keyless, 'identities').map((identity, index) =>
    compileIdentity(identity, `${path}.identities[${index}]`, language),
  );
  return (scope) => {
    if (identities.length === 0) return new CelError(`${path}: an identity is needed`);
    const entries: Attestor[] = [];
    for (const identity of identities) {
      const found = identity(scope);
      if (found instanceof CelError) return found;
      entries.push({ keyless: { ...common, ...found } });
    }
    return entries.length === 1 && entries[0] ? entries[0] : { attestor: { count: 1, isExhaustive: true, entries } };
  };
}

type Identity = Pick<KeylessAttestor, 'issuer' | 'issuerRegExp' | 'subject' | 'subjectRegExp'>;

/** An identity that names nothing would be anybody's: it is refused. */
function compileIdentity(
  identity: JsonObject,
  path: string,
  language: PolicyLanguage,
): (scope: PolicyScope) => Identity | CelError {
  const texts = {
    subject: compileText(identity, 'subject', 'subjectExpression', path, language),
    subjectRegExp: plainText(identity, 'subjectRegExp'),
    issuer: plainText(identity, 'issuer'),
    issuerRegExp: plainText(identity, 'issuerRegExp'),
  };
  return (scope) => {
    const found = evaluateTexts(texts, scope);
    if (found instanceof CelError) return found;
    return Object.keys(found).length > 0 ? found : new CelError(`${path}: neither issuer nor subject is named`);
  };
}

function plainText(holder: JsonObject, key: string): AttestorText {
  const text = readText(holder, key);
  return text ? () => text : undefined;
}
