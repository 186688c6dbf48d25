import { generateKeyPairSync, sign } from 'node:crypto';
import type { Attestor } from '@vouchsafe/engine/facts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignKeylessOptions, signKeyless } from '../../../sandbox/src/sigstore/sign-image.ts';
import { imprintOf } from '../../../sandbox/src/sigstore/timestamp-authority.ts';
import { pushFresh, type Rig, startRig } from '../../test/rig.ts';
import { resolveAttestor } from '../facts/resolve-attestor.ts';
import { defaultLimits } from '../registry/limits.ts';
import type { Manifest } from '../registry/manifest.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';
import { openCheckpoint } from '../trust/checkpoint.ts';
import { checkEntryBody } from '../trust/entry-body.ts';
import { attempt } from '../trust/refusal.ts';
import type { ResolvedAttestor } from '../trust/resolved-attestor.ts';
import { checkTimeStampToken } from '../trust/time-stamp-token.ts';
import { parseTrustRoot } from '../trust/trust-root.ts';
import { cosignVerifier } from './cosign/cosign-verifier.ts';
import { sigstoreBundleVerifier } from './sigstore-bundle/sigstore-bundle-verifier.ts';
import type { Verifier } from './verifier.ts';

const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const keyless: Attestor = { keyless: identity };
let rig: Rig;
let attestor: ResolvedAttestor;

beforeAll(async () => {
  rig = await startRig();
  attestor = await attestorOf(JSON.stringify(rig.sigstore.trustedRoot));
});
afterAll(() => rig.stop());

async function attestorOf(trustedRoot: string): Promise<ResolvedAttestor> {
  const parsed = parseTrustRoot(trustedRoot);
  if (!parsed.ok) throw new Error(parsed.message);
  const signal = () => new AbortController().signal;
  return resolveAttestor(keyless, {
    trustRoot: parsed.root,
    secretKeys: undefined,
    keyReferences: undefined,
    annotations: {},
    signal,
  });
}

/** What the registry holds about a digest, as a reader that answers from memory and can be lied into. */
interface Stored {
  readonly digest: string;
  readonly manifest: Record<string, unknown>;
  readonly blob: Buffer;
}

function store(signing: Partial<SignKeylessOptions>): Stored {
  const image = pushFresh(rig.registry);
  const { registry, sigstore } = rig;
  const signed = signKeyless({ registry, image: image.name, sigstore, identity, ...signing });
  const manifest = registry.content.manifest(image.repository, signed.manifestDigest)?.manifest.bytes.toString() ?? '';
  const blob = registry.content.blob(image.repository, signed.layerDigest) ?? Buffer.alloc(0);
  return { digest: image.digest, manifest: JSON.parse(manifest), blob: Buffer.from(blob) };
}

function readerOf(stored: Stored): RepositoryReader {
  const manifest = { digest: `sha256:${'a'.repeat(64)}`, size: 1, document: stored.manifest } as unknown as Manifest;
  const referrer = { digest: manifest.digest, size: 1, mediaType: '', artifactType: undefined, annotations: new Map() };
  return {
    resolve: async () => stored.digest,
    manifest: async () => manifest,
    blob: async () => stored.blob,
    referrers: async () => [referrer],
    unlistedReferrers: async () => [],
    referrer: async () => manifest,
  };
}

/** Whether the evidence is accepted. Throws when judging fails otherwise than by a refusal. */
async function isAccepted(verifier: Verifier, stored: Stored, by = attestor): Promise<boolean> {
  const set = await verifier.collect({
    digest: stored.digest,
    reader: readerOf(stored),
    part: 'signatures',
    withReferrers: false,
    acceptsAnyStatement: false,
    limits: defaultLimits,
    signal: new AbortController().signal,
  });
  set.list();
  return [...set.judge(by, Date.now())].some((verdict) => verdict.ok);
}

function flip(bytes: Buffer, at: number, mask: number): Buffer {
  const changed = Buffer.from(bytes);
  const index = at % Math.max(changed.length, 1);
  changed[index] = (changed[index] ?? 0) ^ mask;
  return changed;
}

const position = fc.nat(1_000_000);
const bit = fc.nat(7).map((shift) => 1 << shift);

describe('one changed bit', () => {
  /** Paths of base64 members every bit of which is signed by somebody or compared. */
  const parts = [
    ['verificationMaterial', 'certificate', 'rawBytes'],
    ['verificationMaterial', 'tlogEntries', 0, 'canonicalizedBody'],
    ['verificationMaterial', 'tlogEntries', 0, 'logId', 'keyId'],
    ['verificationMaterial', 'tlogEntries', 0, 'inclusionProof', 'rootHash'],
    ['dsseEnvelope', 'payload'],
    ['dsseEnvelope', 'signatures', 0, 'sig'],
  ] as const;

  it.each(['v1', 'v2'] as const)('in any part of a bundle refuses it (%s)', async (log) => {
    const stored = store({ format: 'bundle', log });
    expect(await isAccepted(sigstoreBundleVerifier, stored)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...parts), position, bit, async (path, at, mask) => {
        const document = JSON.parse(stored.blob.toString());
        let holder = document;
        for (const step of path.slice(0, -1)) holder = holder[step];
        const last = path.at(-1) ?? '';
        holder[last] = flip(Buffer.from(holder[last], 'base64'), at, mask).toString('base64');
        const blob = Buffer.from(JSON.stringify(document));
        expect(await isAccepted(sigstoreBundleVerifier, { ...stored, blob })).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it('in the payload of a legacy signature refuses it, and nowhere makes judging fail', async () => {
    const stored = store({ timestamp: true });
    expect(await isAccepted(cosignVerifier, stored)).toBe(true);
    await fc.assert(
      fc.asyncProperty(position, bit, async (at, mask) => {
        expect(await isAccepted(cosignVerifier, { ...stored, blob: flip(stored.blob, at, mask) })).toBe(false);
        const text = flip(Buffer.from(JSON.stringify(stored.manifest)), at, mask).toString('latin1');
        const manifest = parseOrEmpty(text);
        await isAccepted(cosignVerifier, { ...stored, manifest });
      }),
      { numRuns: 150 },
    );
  });
});

function parseOrEmpty(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

describe('hostile input', () => {
  it('in annotations is refused and nothing else', async () => {
    const stored = store({});
    const layer = (stored.manifest as { layers: { annotations: object }[] }).layers[0];
    const value = fc.oneof(fc.string(), fc.json(), fc.base64String());
    const annotation = fc.record(
      {
        'dev.cosignproject.cosign/signature': value,
        'dev.sigstore.cosign/certificate': value,
        'dev.sigstore.cosign/chain': value,
        'dev.sigstore.cosign/bundle': fc.oneof(
          value,
          fc
            .record({
              SignedEntryTimestamp: value,
              Payload: fc.oneof(
                value,
                fc.record({ body: value, integratedTime: fc.jsonValue(), logIndex: fc.jsonValue(), logID: value }),
              ),
            })
            .map((one) => JSON.stringify(one)),
        ),
        'dev.sigstore.cosign/rfc3161timestamp': value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(annotation, async (changes) => {
        const annotations = { ...layer?.annotations, ...changes };
        const manifest = { ...stored.manifest, layers: [{ ...layer, annotations }] };
        const isChanged = Object.keys(changes).some(
          (key) => key !== 'dev.sigstore.cosign/chain' && key !== 'dev.sigstore.cosign/rfc3161timestamp',
        );
        const accepted = await isAccepted(cosignVerifier, { ...stored, manifest });
        if (isChanged) expect(accepted).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('has an entry of a bundle only once', async () => {
    const stored = store({ format: 'bundle' });
    const document = JSON.parse(stored.blob.toString());
    const { tlogEntries } = document.verificationMaterial;
    tlogEntries.push(tlogEntries[0]);
    const blob = Buffer.from(JSON.stringify(document));
    expect(await isAccepted(sigstoreBundleVerifier, stored)).toBe(true);
    expect(await isAccepted(sigstoreBundleVerifier, { ...stored, blob })).toBe(false);
  });

  it('brings no root certificate, and says the kind of an entry as it was logged', async () => {
    const stored = store({ format: 'bundle', bundleVersion: '0.2' });
    const change = (edit: (material: { [key: string]: { [key: string]: object[] } }) => void) => {
      const document = JSON.parse(stored.blob.toString());
      edit(document.verificationMaterial);
      return isAccepted(sigstoreBundleVerifier, { ...stored, blob: Buffer.from(JSON.stringify(document)) });
    };
    const { certificates } = rig.sigstore.trustedRoot.certificateAuthorities[0]?.certChain ?? { certificates: [] };
    expect(await change(() => undefined)).toBe(true);
    expect(
      await change((material) => material['x509CertificateChain']?.['certificates']?.push(...certificates.slice(0, 1))),
    ).toBe(true);
    expect(await change((material) => material['x509CertificateChain']?.['certificates']?.push(...certificates))).toBe(
      false,
    );
    const kindVersion = { kind: 'hashedrekord', version: '0.0.1' };
    expect(await change((material) => Object.assign(material['tlogEntries']?.[0] ?? {}, { kindVersion }))).toBe(false);
  });

  it.each(['certificateAuthorities', 'ctlogs', 'timestampAuthorities', 'v1', 'v2'] as const)(
    'of a time after %s of the trust root ended is refused',
    async (part) => {
      const log = part === 'v1' ? 'v1' : 'v2';
      const stored = store({ format: 'bundle', log });
      const document = JSON.parse(JSON.stringify(rig.sigstore.trustedRoot));
      const end = new Date(Date.now() - 3_600_000).toISOString();
      const logs = { v1: document.tlogs[0], v2: document.tlogs[1] };
      if (part === 'v1' || part === 'v2') logs[part].publicKey.validFor.end = end;
      else if (part === 'ctlogs') document.ctlogs[0].publicKey.validFor.end = end;
      else document[part][0].validFor.end = end;
      expect(await isAccepted(sigstoreBundleVerifier, stored, attestor)).toBe(true);
      expect(await isAccepted(sigstoreBundleVerifier, stored, await attestorOf(JSON.stringify(document)))).toBe(false);
    },
  );

  it('that is listed as a referrer and refers to something else is no evidence', async () => {
    const stored = store({ format: 'bundle' });
    const manifest = { ...stored.manifest, subject: { digest: `sha256:${'b'.repeat(64)}` } };
    expect(await isAccepted(sigstoreBundleVerifier, { ...stored, manifest })).toBe(false);
  });

  it('in time stamps, entry bodies, checkpoints and trust roots', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const data = Buffer.from('signature');
    const authorities = rig.trustRoot.timeStampAuthorities;
    const token = Buffer.from(
      rig.sigstore.services.timestamp({ messageImprint: imprintOf(data), includeCertificate: true }),
    );
    const [log] = rig.trustRoot.transparencyLogs;
    const wanted = {
      signature: Buffer.from('s'),
      signedBytes: Buffer.from('b'),
      payload: undefined,
      envelope: undefined,
      verifier: { spki: Buffer.from('k') },
    };
    const kinds = ['hashedrekord', 'rekord', 'dsse', 'intoto'];
    const body = fc.record({
      kind: fc.constantFrom(...kinds),
      apiVersion: fc.constantFrom('0.0.1', '0.0.2'),
      spec: fc.jsonValue(),
    });
    const honest = attempt(() => checkTimeStampToken(token, data, authorities));
    expect(honest.ok).toBe(true);
    fc.assert(
      fc.property(
        fc.uint8Array(),
        position,
        bit,
        fc.string(),
        body,
        fc.jsonValue(),
        (bytes, at, mask, text, entry, json) => {
          expect(attempt(() => checkTimeStampToken(bytes, data, authorities)).ok).toBe(false);
          // Not every bit of a token is signed: what counts is that it is judged, and never about other data.
          const changed = attempt(() => checkTimeStampToken(flip(token, at, mask), data, authorities));
          if (changed.ok) expect(changed).toEqual(honest);
          expect(attempt(() => checkTimeStampToken(flip(token, at, mask), bytes, authorities)).ok).toBe(false);
          expect(attempt(() => checkEntryBody(Buffer.from(JSON.stringify(entry)), wanted)).ok).toBe(false);
          if (log !== undefined) {
            const note = `${text}\n1\n${Buffer.alloc(32).toString('base64')}\n\n— ${text} ${sign('sha256', bytes, pair.privateKey).toString('base64')}\n`;
            expect(typeof openCheckpoint(note, log)).toBe('string');
          }
          parseTrustRoot(JSON.stringify(json));
          parseTrustRoot(
            JSON.stringify({ tlogs: [json], certificateAuthorities: [{ certChain: json, validFor: json }] }),
          );
        },
      ),
      { numRuns: 1500 },
    );
  });
});
