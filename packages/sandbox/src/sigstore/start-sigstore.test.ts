import { createHash, sign, verify } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, parseCertificate, readDer, readDerChildren } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import type { TransparencyLogEntry } from './rekor-v2.ts';
import { type Sigstore, startSigstore } from './start-sigstore.ts';
import { imprintOf, writeTimestampRequest } from './timestamp-authority.ts';

let sigstore: Sigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.stop());

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(path, sigstore.urls.rekor), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** The answer in the shape the test expects of it. */
async function json<Shape>(response: Response): Promise<Shape> {
  return (await response.json()) as Shape;
}

interface LoggedEntry {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: { signedEntryTimestamp: string };
}

describe('fulcio', () => {
  const key = generateKeyPair('ecdsa-p256');
  const proofOf = (subject: string) => sign('sha256', Buffer.from(subject), key.privateKey).toString('base64');
  const request = (token: string, subject: string) => ({
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: key.publicKeyPem },
      proofOfPossession: proofOf(subject),
    },
  });

  it('certifies who proves to hold the key (v2)', async () => {
    const token = sigstore.oidcToken({ email: 'dev@example.test' });
    const response = await post('/api/v2/signingCert', request(token, 'dev@example.test'));
    const answer = await json<{ signedCertificateEmbeddedSct: { chain: { certificates: string[] } } }>(response);
    const { certificates } = answer.signedCertificateEmbeddedSct.chain;
    expect(certificates).toHaveLength(3);
    const leaf = parseCertificate(certificates[0] ?? '');
    expect(leaf.subjectAlternativeNames).toMatchObject([{ type: 'email', value: 'dev@example.test' }]);
    expect(Buffer.from(leaf.spki).equals(key.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true);
  });

  it('answers PEM (v1)', async () => {
    const token = sigstore.oidcToken({ subject: 'https://ci.test/job' });
    const body = {
      publicKey: { content: Buffer.from(key.publicKeyPem).toString('base64') },
      signedEmailAddress: proofOf('https://ci.test/job'),
    };
    const response = await post('/api/v1/signingCert', body, { authorization: `Bearer ${token}` });
    expect(response.status).toBe(201);
    expect((await response.text()).match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
  });

  it.each<[string, () => unknown, number]>([
    ['a proof over another subject', () => request(sigstore.oidcToken({ subject: 'me' }), 'somebody else'), 400],
    ['no key', () => ({ credentials: { oidcIdentityToken: sigstore.oidcToken() } }), 400],
    ['a forged token', () => request(`${sigstore.oidcToken().split('.').slice(0, 2).join('.')}.AAAA`, 'me'), 401],
    ['no token', () => ({}), 401],
    ['nonsense', () => 'text', 401],
  ])('refuses %s', async (_what, body, status) => {
    expect((await post('/api/v2/signingCert', body())).status).toBe(status);
  });
});

describe('rekor', () => {
  const value = createHash('sha256').update('artifact').digest('hex');
  const hashedrekord = {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content: 'AAAA', publicKey: { content: 'BBBB' } },
      extra: 1,
    },
  };

  it('promises, finds and proves what it is given', async () => {
    const response = await post('/api/v1/log/entries', hashedrekord);
    expect(response.status).toBe(201);
    const [uuid = ''] = Object.keys(await json<object>(response.clone()));
    const entry = (await json<Record<string, LoggedEntry>>(response))[uuid];
    if (entry === undefined) throw new Error('no entry');
    const { verification, ...signed } = entry;
    expect(JSON.parse(Buffer.from(signed.body, 'base64').toString()).spec).not.toHaveProperty('extra');
    const promise = Buffer.from(verification.signedEntryTimestamp, 'base64');
    const promised = Buffer.from(canonicalJson(signed));
    expect(verify('sha256', promised, sigstore.pem.rekorPublicKey, promise)).toBe(true);
    expect(await (await post('/api/v1/index/retrieve', { hash: `sha256:${value}` })).json()).toEqual([uuid]);
    const again = await fetch(`${sigstore.urls.rekor}/api/v1/log/entries/${uuid}`);
    expect((await json<Record<string, LoggedEntry>>(again))[uuid]?.body).toBe(signed.body);
    const byIndex = await post('/api/v1/log/entries/retrieve', { logIndexes: [signed.logIndex] });
    expect(Object.keys((await json<object[]>(byIndex))[0] ?? {})).toEqual([uuid]);
  });

  it.each<[string, unknown]>([
    ['another kind', { kind: 'rpm', apiVersion: '0.0.1', spec: {} }],
    ['no spec', { kind: 'dsse', apiVersion: '0.0.1' }],
    ['no envelope', { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent: {} } }],
    ['nothing', {}],
  ])('refuses %s', async (_what, body) => {
    expect((await post('/api/v1/log/entries', body)).status).toBe(400);
  });

  it('has a v2 with checkpoints under its Ed25519 key', async () => {
    const verifier = { publicKey: { rawBytes: 'BBBB' }, keyDetails: 'PKIX_ECDSA_P384_SHA_384' };
    const request = { hashedRekordRequestV002: { digest: 'AAAA', signature: { content: 'CCCC', verifier } } };
    const entry = await json<TransparencyLogEntry>(await post('/api/v2/log/entries', request));
    expect(JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString())).toMatchObject({
      apiVersion: '0.0.2',
      spec: { hashedRekordV002: { data: { algorithm: 'SHA2_384' } } },
    });
    const [text = '', line = ''] = (entry.inclusionProof?.checkpoint?.envelope ?? '').split(/(?<=\n)\n/);
    const signature = Buffer.from(line.trim().split(' ')[2] ?? '', 'base64').subarray(4);
    expect(verify(null, Buffer.from(text), sigstore.services.rekorV2.key.publicKey, signature)).toBe(true);
    expect((await post('/api/v2/log/entries', { hashedRekordRequestV002: {} })).status).toBe(400);
    expect((await post('/api/v2/log/entries', {})).status).toBe(400);
  });
});

describe('the timestamp authority', () => {
  it('stamps DER and JSON requests', async () => {
    const messageImprint = imprintOf(Buffer.from('signature'));
    const der = writeTimestampRequest({ messageImprint, includeCertificate: true });
    const response = await fetch(sigstore.urls.timestamp, { method: 'POST', body: new Uint8Array(der) });
    expect(response.status).toBe(200);
    const reply = Buffer.from(await response.arrayBuffer());
    const [status] = readDerChildren(readDer(reply));
    expect(status && Buffer.from(status.bytes).toString('hex')).toBe('3003020100');
    expect(reply.includes(Buffer.from(messageImprint))).toBe(true);
    const artifactHash = createHash('sha256').update('signature').digest('base64');
    const fromJson = await post(sigstore.urls.timestamp, { artifactHash, hashAlgorithm: 'sha256', certificates: true });
    expect(Buffer.from(await fromJson.arrayBuffer()).includes(Buffer.from(messageImprint))).toBe(true);
  });

  it.each(['garbage', ''])('refuses `%s`', async (body) => {
    expect((await fetch(sigstore.urls.timestamp, { method: 'POST', body })).status).toBe(400);
  });
});

describe('the rest', () => {
  it('publishes its issuer, its trust bundle and its TUF repository', async () => {
    const text = async (url: string) => (await fetch(url)).text();
    const discovery = JSON.parse(await text(`${sigstore.urls.oidc}/.well-known/openid-configuration`));
    expect(JSON.parse(await text(discovery.jwks_uri)).keys).toHaveLength(1);
    expect(await text(`${sigstore.urls.tuf}/root.json`)).toBe(sigstore.tufRootJson);
    expect(JSON.parse(await text(`${sigstore.urls.fulcio}/api/v2/trustBundle`)).chains).toHaveLength(1);
    expect((await fetch(`${sigstore.urls.tuf}/../../etc/passwd`)).status).toBe(404);
  });

  it('signs its TUF files with the key of the root', async () => {
    const root = JSON.parse(sigstore.tufRootJson);
    const [key] = Object.values<{ keyval: { public: string } }>(root.signed.keys);
    const text = canonicalJson(root.signed).replaceAll('\\n', '\n');
    const signature = Buffer.from(root.signatures[0].sig, 'hex');
    expect(verify('sha256', Buffer.from(text), key?.keyval.public ?? '', signature)).toBe(true);
  });

  it('names no private key in what it hands out', () => {
    const handedOut = JSON.stringify([sigstore.trustedRoot, sigstore.pem, sigstore.tufRootJson]);
    expect(handedOut).not.toContain('PRIVATE');
  });

  it('keeps its keys in a folder, for its owner alone', async () => {
    const stateFolder = await mkdtemp(join(tmpdir(), 'sigstore-state-'));
    try {
      const first = await startSigstore({ stateFolder });
      await first.stop();
      const second = await startSigstore({ stateFolder });
      await second.stop();
      const other = await startSigstore();
      await other.stop();
      expect(second.pem).toEqual(first.pem);
      expect(other.pem.fulcioRoot).not.toBe(first.pem.fulcioRoot);
      expect((await stat(join(stateFolder, 'authorities.json'))).mode & 0o777).toBe(0o600);
      const files = await readdir(stateFolder);
      for (const name of files.filter((file) => file !== 'authorities.json')) {
        expect(await readFile(join(stateFolder, name), 'utf8'), name).not.toContain('PRIVATE');
      }
      expect(JSON.parse(await readFile(join(stateFolder, 'trusted_root.json'), 'utf8'))).toEqual(second.trustedRoot);
    } finally {
      await rm(stateFolder, { recursive: true });
    }
  });

  it('reads the clock it is given', async () => {
    const at = new Date('2030-05-05T05:05:05Z');
    const later = await startSigstore({ clock: () => at });
    const { publicKey } = generateKeyPair('ecdsa-p256');
    const { pem } = later.services.issueCertificate({ publicKey, claims: later.identityClaims() });
    expect(parseCertificate(pem).notBefore).toEqual(at);
    await later.stop();
  });
});
