import { createHash } from 'node:crypto';
import type { Attestor, CTLog, KeyAttestor, KeylessAttestor, Rekor } from '@vouchsafe/engine/facts';
import { attemptPki, type ParsedCertificate, parseCertificate, splitPem } from '@vouchsafe/kube/pki';
import { LRUCache } from 'lru-cache';
import type { KeyReferences } from '../keys/key-references.ts';
import type { SecretKeySource } from '../keys/secret-key-source.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { untilAborted } from '../registry/until-aborted.ts';
import { type HashName, parsePublicKeys } from '../trust/public-key.ts';
import { Refusal, shown } from '../trust/refusal.ts';
import type { CertificateSigner, KeySigner, ResolvedAttestor } from '../trust/resolved-attestor.ts';
import { checkExpressions, type WantedIdentity } from '../trust/signer-identity.ts';
import {
  authorityFromPem,
  type CertificateAuthority,
  logsFromPem,
  parseTrustRoot,
  type TrustRoot,
  type TrustRootResult,
} from '../trust/trust-root.ts';
import { certificateKey } from '../trust/vouch.ts';
import type { TufTrustRoots } from '../tuf/tuf-trust-roots.ts';

/** What attestors refer to from outside of the policy. */
export interface AttestorContext {
  readonly trustRoot: TrustRoot;
  readonly secretKeys: SecretKeySource | undefined;
  /** Keys kept elsewhere: in Vault and clouds. */
  readonly keyReferences: KeyReferences | undefined;
  /** Trust roots that attestors take from TUF repositories of their own. */
  readonly tufRoots?: TufTrustRoots | undefined;
  /** Of the request; an entry's own replace them. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Ends questions for secrets. */
  readonly signal: () => AbortSignal;
}

/** cosign's bounds for a chain (Kyverno: ten intermediates and a leaf). */
const maximumChain = 11;

/**
 * Reads the keys, certificates and overrides of one entry. Throws `Refusal` (`invalid-attestor`) for what a policy got
 * wrong, and `RegistryFailure` when a secret cannot be read at the moment.
 */
export async function resolveAttestor(attestor: Attestor, context: AttestorContext): Promise<ResolvedAttestor> {
  const { keys, certificates, keyless } = attestor;
  const kinds = [keys, certificates, keyless].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) throw invalid('exactly one of keys, certificates and keyless is needed');
  const trustRoot = await trustRootFor(attestor, context);
  const { rekor, ctlog } = { rekor: kinds[0]?.rekor, ctlog: kinds[0]?.ctlog };
  let signer: KeySigner | CertificateSigner;
  let source: unknown;
  let named: readonly ParsedCertificate[] = [];
  if (keys !== undefined) {
    const pem = await readKey(keys, context);
    const hash = readHash(keys.signatureAlgorithm ?? attestor.signatureAlgorithm);
    signer = keySigner(pem, hash);
    source = ['keys', pem, hash];
  } else if (certificates !== undefined) {
    const { cert, certChain } = certificates;
    signer = certificateSigner(cert ?? '', certChain ?? '');
    source = ['certificates', cert, certChain];
    named = namedCertificates(cert ?? '', certChain ?? '');
  } else {
    signer = keylessSigner(keyless ?? {}, trustRoot);
    source = ['keyless', keyless];
  }
  return complete(signer, rekor, ctlog, attestor.annotations ?? context.annotations, trustRoot, source, named);
}

const trustRoots = new LRUCache<string, TrustRootResult>({ max: 50 });

/** Whom the attestor believes: its own trust root, that of its TUF repository, else the installation's. */
async function trustRootFor({ trustedRoot, tuf }: Attestor, context: AttestorContext): Promise<TrustRoot> {
  if (trustedRoot !== undefined) {
    const key = createHash('sha256').update(trustedRoot).digest('base64');
    const read = trustRoots.get(key) ?? parseTrustRoot(trustedRoot);
    trustRoots.set(key, read);
    if (!read.ok) throw invalid(`\`trustedRoot\`: ${read.message}`);
    return read.root;
  }
  if (tuf === undefined) return context.trustRoot;
  if (context.tufRoots === undefined) throw invalid('a TUF repository cannot be asked here');
  return context.tufRoots.current(tuf, context.signal());
}

/** Kyverno's attestor of an attestation that names none: anybody with a Fulcio certificate, logged. */
export function anybody(trustRoot: TrustRoot): ResolvedAttestor {
  const signer = keylessSigner({}, trustRoot);
  return complete(signer, undefined, { ignoreSCT: true }, {}, trustRoot, ['anybody'], []);
}

function complete(
  signer: KeySigner | CertificateSigner,
  rekor: Rekor | undefined,
  ctlog: CTLog | undefined,
  annotations: Readonly<Record<string, string>>,
  trustRoot: TrustRoot,
  source: unknown,
  certificates: readonly ParsedCertificate[],
): ResolvedAttestor {
  const stampChain = ctlog?.tsaCertChain ?? '';
  const stamps = stampChain === '' ? undefined : [stampAuthority(stampChain)];
  const logs = logsOf(rekor?.pubkey, 'rekor.pubkey');
  const certificateLogs = logsOf(ctlog?.pubkey, 'ctlog.pubkey');
  const stated = JSON.stringify([source, rekor, ctlog, Object.entries(annotations).sort(), trustRoot.hash]);
  return {
    signer,
    certificates,
    // Parts of a trust root may be read when they are asked for: what evidence does not need is not.
    get transparencyLogs() {
      return rekor?.ignoreTlog === true ? undefined : (logs ?? trustRoot.transparencyLogs);
    },
    get certificateLogs() {
      return ctlog?.ignoreSCT === true ? undefined : certificateLogsOf(signer, certificateLogs, trustRoot);
    },
    get timeStampAuthorities() {
      return stamps ?? trustRoot.timeStampAuthorities;
    },
    areTimeStampsStrict: stampChain !== '',
    annotations,
    hash: createHash('sha256').update(stated).digest('base64'),
  };
}

/**
 * Who must have promised to publish certificates; undefined: nobody. The authorities of a root without any log have none to
 * promise it, as GitHub's own for private repositories.
 */
function certificateLogsOf(
  signer: KeySigner | CertificateSigner,
  named: TrustRoot['certificateLogs'] | undefined,
  trustRoot: TrustRoot,
): ResolvedAttestor['certificateLogs'] {
  const logs = named ?? trustRoot.certificateLogs;
  return logs.length === 0 && signer.authorities === trustRoot.certificateAuthorities ? undefined : logs;
}

function logsOf(pem: string | undefined, what: string): TrustRoot['transparencyLogs'] | undefined {
  if (pem === undefined || pem === '') return undefined;
  try {
    return logsFromPem(pem);
  } catch (error) {
    if (error instanceof Refusal) throw invalid(`\`${what}\`: ${error.message}`);
    throw error;
  }
}

async function readKey(keys: KeyAttestor, context: AttestorContext): Promise<string> {
  const text = (keys.publicKeys ?? '').trim();
  const reference =
    text !== '' ? text : keys.secret ? `k8s://${keys.secret.namespace}/${keys.secret.name}` : (keys.kms ?? '').trim();
  if (reference === '') throw invalid('a public key, a kms key or a secret is needed');
  if (reference.startsWith('-----BEGIN ')) return reference;
  const [, scheme, rest] = /^([a-z0-9]{1,20}):\/\/(\S{1,1000})$/.exec(reference) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw invalid('the public key is neither PEM nor a reference to a key');
  }
  if (scheme !== 'k8s') {
    if (context.keyReferences === undefined) throw invalid(`keys of \`${scheme}://\` cannot be asked for here`);
    return context.keyReferences.publicKey(scheme, rest, context.signal());
  }
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(rest) ?? [];
  if (namespace === undefined || name === undefined) throw invalid('`k8s://` is followed by namespace and name');
  const { secretKeys } = context;
  const signal = context.signal();
  if (secretKeys === undefined) throw invalid(`the secret \`${namespace}/${name}\` cannot be read here`);
  const asked = secretKeys.publicKey(namespace, name, signal).catch(() => {
    throw new RegistryFailure('transient', `the key in the secret \`${namespace}/${name}\` cannot be read`);
  });
  const pem = await untilAborted(asked, `the question for the key \`${namespace}/${name}\``, signal);
  if (pem === undefined) throw invalid(`the secret \`${namespace}/${name}\` has no \`cosign.pub\``);
  return pem;
}

function keySigner(pem: string, hash: HashName | undefined): KeySigner {
  const [key, ...more] = parsePublicKeys(pem);
  if (key === undefined || more.length > 0) throw invalid(`one public key is needed, found ${more.length + 1}`);
  return { kind: 'key', key, hash, certificate: undefined, authorities: undefined };
}

function readHash(name: string | undefined): HashName | undefined {
  if (name === undefined || name === '') return undefined;
  if (name === 'sha224' || name === 'sha256' || name === 'sha384' || name === 'sha512') return name;
  throw invalid(`the signature algorithm \`${shown(name)}\` is not known`);
}

const certificateSigners = new LRUCache<string, KeySigner | CertificateSigner>({ max: 200 });

/**
 * Kyverno's three forms: a certificate alone is its public key; with a chain it must also be issued by the chain; a chain
 * alone accepts whatever certificate it issued.
 */
function certificateSigner(cert: string, chain: string): KeySigner | CertificateSigner {
  const cacheKey = createHash('sha256')
    .update(JSON.stringify([cert, chain]))
    .digest('base64');
  const known = certificateSigners.get(cacheKey);
  if (known !== undefined) return known;
  if (cert === '' && chain === '') throw invalid('a certificate or a certificate chain is needed');
  const authorities = chain === '' ? undefined : [chainAuthority(chain)];
  const signer = cert === '' ? chainSigner(authorities ?? []) : pinnedSigner(cert, authorities);
  certificateSigners.set(cacheKey, signer);
  return signer;
}

function chainSigner(authorities: readonly CertificateAuthority[]): CertificateSigner {
  return { kind: 'certificate', authorities, identity: {} };
}

/** The certificates of both members, in order. What cannot be read was refused before. */
function namedCertificates(cert: string, chain: string): readonly ParsedCertificate[] {
  const own = cert === '' ? [] : authority(pemOf(cert), 'the certificate').anchors;
  return chain === '' ? own : [...own, ...authority(chain, 'the certificate chain').anchors];
}

/** The certificate may be PEM, or PEM in base64. */
function pemOf(cert: string): string {
  return cert.trimStart().startsWith('-----BEGIN ') ? cert : Buffer.from(cert, 'base64').toString('latin1');
}

function pinnedSigner(cert: string, authorities: readonly CertificateAuthority[] | undefined): KeySigner {
  const parsed = attemptPki(() => parseCertificate(pemOf(cert)));
  if (!parsed.ok) throw invalid(`the certificate cannot be read: ${parsed.message}`);
  const certificate = parsed.value;
  return { kind: 'key', key: certificateKey(certificate), hash: undefined, certificate, authorities };
}

function chainAuthority(pem: string): CertificateAuthority {
  const count = attemptPki(() => splitPem(pem).length);
  if (count.ok && count.value > maximumChain) {
    throw invalid(`certificate chain too long (${count.value}), maximum allowed is ${maximumChain}`);
  }
  return authority(pem, 'the certificate chain');
}

function stampAuthority(pem: string): CertificateAuthority {
  return authority(pem, '`ctlog.tsaCertChain`');
}

const authorities = new LRUCache<string, CertificateAuthority | string>({ max: 200 });

function authority(pem: string, what: string): CertificateAuthority {
  const key = createHash('sha256').update(pem).digest('base64');
  const read = authorities.get(key) ?? authorityFromPem(pem);
  authorities.set(key, read);
  if (typeof read === 'string') throw invalid(`${what} cannot be read: ${read}`);
  return read;
}

function keylessSigner(keyless: KeylessAttestor, trustRoot: TrustRoot): CertificateSigner {
  const identity: WantedIdentity = {
    subject: keyless.subject,
    subjectRegExp: keyless.subjectRegExp,
    issuer: keyless.issuer,
    issuerRegExp: keyless.issuerRegExp,
    exact: keyless.exact,
    extensions: keyless.additionalExtensions,
  };
  checkExpressions(identity);
  const roots = keyless.roots ?? '';
  return {
    kind: 'certificate',
    authorities: roots === '' ? trustRoot.certificateAuthorities : [authority(roots, '`keyless.roots`')],
    identity,
  };
}

function invalid(message: string): Refusal {
  return new Refusal('invalid-attestor', message);
}
