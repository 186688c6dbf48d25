import { afterAll, beforeAll, describe, it } from 'vitest';
import { pushImage } from '../registry/push-image.ts';
import type { Registry } from '../registry/start-registry.ts';
import {
  expectAccepted,
  expectRefused,
  GITHUB,
  IDENTITY,
  missingCosign,
  startCosignOfTools,
} from './real-cosign.fixture.ts';
import type { RealCosign } from './real-cosign.ts';
import { signKeyless } from './sign-image.ts';
import type { SignatureDefects } from './signature-defects.ts';
import type { Sigstore } from './start-sigstore.ts';

let cosign: RealCosign;
let registry: Registry;
let sigstore: Sigstore;

beforeAll(async () => {
  const started = await startCosignOfTools();
  if (!started) return;
  cosign = started;
  ({ registry, sigstore } = cosign);
});

afterAll(() => cosign?.stop());

let counter = 0;
function newImage() {
  counter += 1;
  return pushImage(registry, `bad-${counter}:v1`, { labels: { counter: String(counter) } });
}

describe.skipIf(missingCosign !== undefined)(
  `real cosign refuses${missingCosign === undefined ? '' : ` (not run: ${missingCosign})`}`,
  () => {
    const AN_HOUR_LATER = new Date(Date.now() + 3_600_000);
    /** Defects of a legacy keyless signature, and what cosign 2 and cosign 3 say about it. */
    const legacy: [string, SignatureDefects, RegExp, RegExp][] = [
      [
        'another digest',
        { signedDigest: `sha256:${'1'.repeat(64)}` },
        /invalid or missing digest in claim/,
        /invalid or missing digest in claim/,
      ],
      [
        'payload changed',
        { document: 'changed-after-signing' },
        /matching bundle to payload/,
        /matching bundle to payload/,
      ],
      [
        'tampered signature',
        { signature: 'tampered' },
        /verifying signature: invalid signature/,
        /verifying signature: invalid signature/,
      ],
      [
        'signature by another key',
        { signature: 'by-another-key' },
        /verifying signature: invalid signature/,
        /verifying signature: invalid signature/,
      ],
      [
        'no SCT',
        { certificate: { timestamp: 'missing' } },
        /does not include required embedded SCT/,
        /does not include required embedded SCT/,
      ],
      [
        'SCT of an unknown log',
        { certificate: { timestamp: 'unknown-log' } },
        /ctfe public key not found/,
        /able to verify 0 SCT entries/,
      ],
      [
        'SCT of another certificate',
        { certificate: { timestamp: 'of-another-certificate' } },
        /error verifying embedded SCT/,
        /able to verify 0 SCT entries/,
      ],
      [
        'impostor authority',
        { certificate: { issuedBy: 'impostor' } },
        /signed by unknown authority/,
        /leaf certificate verification failed/,
      ],
      [
        'issued by a leaf',
        { certificate: { issuedBy: 'leaf' } },
        /signed by unknown authority/,
        /leaf certificate verification failed/,
      ],
      [
        'no code signing',
        { certificate: { extendedKeyUsages: ['serverAuth'] } },
        /incompatible key usage/,
        /leaf certificate verification failed/,
      ],
      ['no names', { certificate: { subjectAlternativeNames: [] } }, /got subjects \[\]/, /got subjects \[\]/],
      [
        'certificate of another key',
        { storedCertificate: 'of-another-key' },
        /verifying signature: invalid signature/,
        /verifying signature: invalid signature/,
      ],
      ['no log entry', { log: { entry: 'missing' } }, /offline verification failed/, /offline verification failed/],
      [
        'entry of another key',
        { log: { entry: 'of-another-key' } },
        /signature in bundle does not match/,
        /signature in bundle does not match/,
      ],
      [
        'entry naming another key',
        { log: { entry: 'of-another-verifier' } },
        /verifying signature: invalid signature/,
        /verifying signature: invalid signature/,
      ],
      [
        'entry of another payload',
        { log: { entry: 'of-another-payload' } },
        /signature in bundle does not match/,
        /signature in bundle does not match/,
      ],
      [
        'unknown log',
        { log: { entry: 'unknown-log' } },
        /rekor log public key not found/,
        /rekor log public key not found/,
      ],
      ['promise tampered with', { log: { promise: 'tampered' } }, /unable to verify SET/, /unable to verify SET/],
      [
        'logged after the certificate ended',
        { log: { integratedTime: AN_HOUR_LATER } },
        /certificate expired before/,
        /certificate expired before/,
      ],
    ];
    it.each(legacy)('legacy: %s', async (_name, defects, by2, by3) => {
      const { image } = newImage();
      signKeyless({ registry, image, sigstore, identity: GITHUB, defects });
      await expectRefused(cosign.verify(2, image, ...IDENTITY), by2);
      await expectRefused(cosign.verify(3, image, ...IDENTITY), by3);
    });

    /** Defects of a bundle with Rekor v1 entry and timestamp. */
    const bundle: [string, SignatureDefects, RegExp][] = [
      ['another digest', { signedDigest: `sha256:${'1'.repeat(64)}` }, /does not match any digest in statement/],
      ['payload changed', { document: 'changed-after-signing' }, /could not verify envelope/],
      ['tampered signature', { signature: 'tampered' }, /could not verify envelope/],
      ['no SCT', { certificate: { timestamp: 'missing' } }, /able to verify 0 SCT entries/],
      ['impostor authority', { certificate: { issuedBy: 'impostor' } }, /leaf certificate verification failed/],
      [
        'no code signing',
        { certificate: { extendedKeyUsages: ['serverAuth'] } },
        /leaf certificate verification failed/,
      ],
      ['no log entry', { log: { entry: 'missing' } }, /not enough verified log entries/],
      ['entry of another key', { log: { entry: 'of-another-key' } }, /transparency log signature does not match/],
      [
        'entry naming another key',
        { log: { entry: 'of-another-verifier' } },
        /transparency log certificate does not match/,
      ],
      [
        'entry of another signature',
        { log: { entry: 'of-another-signature' } },
        /transparency log signature does not match/,
      ],
      ['truncated proof', { log: { proof: 'truncated' } }, /wrong proof size/],
      ['extended proof', { log: { proof: 'extended' } }, /wrong proof size/],
      ['another root', { log: { proof: 'of-another-root' } }, /calculated root/],
      ['tampered checkpoint', { log: { checkpoint: 'tampered' } }, /signature on checkpoint did not verify/],
      [
        'checkpoint by another key',
        { log: { checkpoint: 'by-another-key' } },
        /signature on checkpoint did not verify/,
      ],
    ];
    it.each(bundle)('bundle: %s', async (_name, defects, by3) => {
      const { image } = newImage();
      signKeyless({ registry, image, sigstore, identity: GITHUB, format: 'bundle', timestamp: true, defects });
      await expectRefused(cosign.verify(3, image, ...IDENTITY), by3);
    });

    /** Where the timestamp is the only time there is. */
    const timestamps: [string, SignatureDefects, RegExp][] = [
      ['of other data', { timestamp: { token: 'of-other-data' } }, /hashed messages don't match/],
      ['of an unknown authority', { timestamp: { token: 'unknown-authority' } }, /No certificate for signer/],
      ['tampered with', { timestamp: { token: 'tampered' } }, /ECDSA verification failure/],
      ['after the certificate ended', { timestamp: { time: AN_HOUR_LATER } }, /leaf certificate verification failed/],
    ];
    it.each(timestamps)('bundle with Rekor v2: timestamp %s', async (_name, defects, by3) => {
      const { image } = newImage();
      signKeyless({ registry, image, sigstore, identity: GITHUB, format: 'bundle', log: 'v2', defects });
      await expectRefused(cosign.verify(3, image, ...IDENTITY), by3);
    });

    it('with-witnesses is no defect', async () => {
      const { image } = newImage();
      const defects: SignatureDefects = { log: { checkpoint: 'with-witnesses' } };
      signKeyless({ registry, image, sigstore, identity: GITHUB, format: 'bundle', log: 'v2', defects });
      await expectAccepted(cosign.verify(3, image, ...IDENTITY));
    });
  },
);
