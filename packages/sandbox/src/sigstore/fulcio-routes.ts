import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  derTags,
  openDer,
  readAlgorithmIdentifier,
  readDer,
  readDerBitStringBytes,
  splitPem,
  verifySignature,
} from '@vouchsafe/kube/pki';
import type { IdentityClaims } from './identity-claims.ts';
import { readIdentityToken } from './identity-token.ts';
import { jsonAnswer, refusal, type ServiceAnswer, type ServiceRequest, type ServiceRoute } from './service-routes.ts';
import type { SigstoreServices } from './sigstore-services.ts';

/** Fulcio's v1 API (PEM, cosign 2) and v2 API (JSON, cosign 3). */
export function fulcioRoutes(services: SigstoreServices): ServiceRoute[] {
  const { fulcioRoot, fulcioIntermediate } = services.authorities;
  const chain = [fulcioIntermediate.certificatePem, fulcioRoot.certificatePem];
  return [
    ({ method, path, ...request }) =>
      method === 'POST' && path === '/api/v2/signingCert' ? signV2(services, { method, path, ...request }) : undefined,
    (request) =>
      request.method === 'POST' && request.path === '/api/v1/signingCert' ? signV1(services, request) : undefined,
    ({ path }) => (path === '/api/v2/trustBundle' ? jsonAnswer({ chains: [{ certificates: chain }] }) : undefined),
    ({ path }) =>
      path === '/api/v1/rootCert'
        ? { status: 200, contentType: 'application/pem-certificate-chain', body: chain.join('') }
        : undefined,
  ];
}

function signV2(services: SigstoreServices, request: ServiceRequest): ServiceAnswer {
  const body = request.json();
  const token = member(body, 'credentials', 'oidcIdentityToken') ?? bearerOf(request) ?? '';
  const issued = issue(services, token, {
    certificateRequest: member(body, 'certificateSigningRequest'),
    publicKey: member(body, 'publicKeyRequest', 'publicKey', 'content'),
    proof: member(body, 'publicKeyRequest', 'proofOfPossession'),
  });
  if ('refused' in issued) return refusal(issued.status, issued.refused);
  return jsonAnswer({ signedCertificateEmbeddedSct: { chain: { certificates: issued.chain } } });
}

function signV1(services: SigstoreServices, request: ServiceRequest): ServiceAnswer {
  const body = request.json();
  const content = member(body, 'publicKey', 'content');
  const issued = issue(services, bearerOf(request) ?? '', {
    certificateRequest: member(body, 'certificateSigningRequest'),
    publicKey: content,
    proof: member(body, 'signedEmailAddress'),
  });
  if ('refused' in issued) return refusal(issued.status, issued.refused);
  return { status: 201, contentType: 'application/pem-certificate-chain', body: issued.chain.join('') };
}

interface KeyRequest {
  /** Base64 of a PEM PKCS #10 request, or the PEM itself. */
  certificateRequest: string | undefined;
  /** PEM, or base64 of PEM or DER. */
  publicKey: string | undefined;
  /** Base64 signature over the token's subject. */
  proof: string | undefined;
}

function issue(
  services: SigstoreServices,
  token: string,
  asked: KeyRequest,
): { chain: string[] } | { refused: string; status: number } {
  const claims = readIdentityToken(services.authorities.oidc, token, services.now());
  if ('refused' in claims && typeof claims.refused === 'string') return { refused: claims.refused, status: 401 };
  const identity = claims as IdentityClaims; // Not the refusal, which was returned above.
  const publicKey =
    asked.certificateRequest === undefined
      ? provenKey(asked.publicKey ?? '', asked.proof ?? '', identity)
      : requestedKey(asked.certificateRequest);
  if (publicKey === undefined) return { refused: 'possession of the private key is not proven', status: 400 };
  const certificate = services.issueCertificate({ publicKey, claims: identity });
  const { fulcioRoot, fulcioIntermediate } = services.authorities;
  return { chain: [certificate.pem, fulcioIntermediate.certificatePem, fulcioRoot.certificatePem] };
}

/** The key, when the proof is its signature over the subject (the email address for mail identities). */
function provenKey(content: string, proof: string, claims: IdentityClaims): KeyObject | undefined {
  const publicKey = readPublicKey(content);
  if (publicKey === undefined) return undefined;
  const challenge = Buffer.from(claims.email ?? claims.sub);
  const hashes = publicKey.asymmetricKeyType === 'ed25519' ? [null] : ['sha256', 'sha384', 'sha512'];
  const signature = Buffer.from(proof, 'base64');
  return hashes.some((hash) => verify(hash, challenge, publicKey, signature)) ? publicKey : undefined;
}

/** The key of a PKCS #10 request (RFC 2986) that signed itself. */
function requestedKey(encoded: string): KeyObject | undefined {
  const pem = encoded.includes('-----BEGIN') ? encoded : Buffer.from(encoded, 'base64').toString('utf8');
  const block = splitPem(pem, 1)[0];
  if (block === undefined) return undefined;
  const request = openDer(readDer(block.der, 64 * 1024), 'certificate request');
  const info = request.next(derTags.sequence);
  const algorithm = readAlgorithmIdentifier(request.next());
  const signature = readDerBitStringBytes(request.next());
  const fields = openDer(info, 'certificate request info');
  fields.next(derTags.integer, 'version');
  fields.next(derTags.sequence, 'subject');
  const publicKey = keyFromSpki(fields.next(derTags.sequence, 'public key').bytes);
  if (publicKey === undefined) return undefined;
  return verifySignature(algorithm, publicKey, info.bytes, signature) ? publicKey : undefined;
}

function readPublicKey(content: string): KeyObject | undefined {
  const bytes = content.includes('-----BEGIN') ? Buffer.from(content) : Buffer.from(content, 'base64');
  const text = bytes.toString('latin1');
  return keyFromSpki(text.includes('-----BEGIN') ? (splitPem(text, 1)[0]?.der ?? bytes) : bytes);
}

function keyFromSpki(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function bearerOf(request: ServiceRequest): string | undefined {
  const header = request.headers.authorization ?? '';
  return header.toLowerCase().startsWith('bearer ') ? header.slice(7).trim() : undefined;
}

/** A string deep in a JSON object, when it is there. */
function member(value: unknown, ...path: string[]): string | undefined {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    // Own members of a parsed JSON object.
    found = (found as Record<string, unknown>)[name];
  }
  return typeof found === 'string' ? found : undefined;
}
