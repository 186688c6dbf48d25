import { generateKeyPair } from '@vouchsafe/kube/pki';
import { type SignatureDefects, signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import type { DifferentialCase, Verdict, Workshop } from './differential-case.ts';
import { scanType } from './key-cases.ts';
import { github, githubIssuer, keylessForms, keylessQuestion, workflow } from './keyless-cases.ts';

/** What a defect is about, and so where it can be: everywhere, or where there is such a part. */
type Part = 'document' | 'certificate' | 'log' | 'promise' | 'proof' | 'stamp' | 'manifest';

interface Defect {
  readonly name: string;
  readonly part: Part;
  readonly defects: SignatureDefects;
  readonly intended?: Verdict;
}

const hour = 3_600_000;
const otherDigest = `sha256:${'1'.repeat(64)}`;

function listDefects(): Defect[] {
  const later = new Date(Date.now() + hour);
  const earlier = new Date(Date.now() - hour);
  return [
    { name: 'other-digest', part: 'document', defects: { signedDigest: otherDigest } },
    { name: 'changed-after-signing', part: 'document', defects: { document: 'changed-after-signing' } },
    { name: 'other-document-type', part: 'document', defects: { documentType: 'something else' } },
    { name: 'tampered-signature', part: 'document', defects: { signature: 'tampered' } },
    { name: 'by-another-key', part: 'document', defects: { signature: 'by-another-key' } },
    { name: 'empty-signature', part: 'document', defects: { signature: 'empty' } },
    { name: 'signature-not-base64', part: 'document', defects: { signature: 'not-base64' } },
    { name: 'no-certificate', part: 'certificate', defects: { storedCertificate: 'missing' } },
    { name: 'certificate-of-another-key', part: 'certificate', defects: { storedCertificate: 'of-another-key' } },
    { name: 'garbage-certificate', part: 'certificate', defects: { storedCertificate: 'garbage' } },
    { name: 'no-sct', part: 'certificate', defects: { certificate: { timestamp: 'missing' } } },
    { name: 'sct-of-unknown-log', part: 'certificate', defects: { certificate: { timestamp: 'unknown-log' } } },
    { name: 'sct-of-another', part: 'certificate', defects: { certificate: { timestamp: 'of-another-certificate' } } },
    { name: 'impostor', part: 'certificate', defects: { certificate: { issuedBy: 'impostor' } } },
    {
      name: 'impostor-with-chain',
      part: 'certificate',
      defects: { certificate: { issuedBy: 'impostor' }, storedChain: 'impostor' },
    },
    { name: 'issued-by-leaf', part: 'certificate', defects: { certificate: { issuedBy: 'leaf' } } },
    {
      name: 'server-certificate',
      part: 'certificate',
      defects: { certificate: { extendedKeyUsages: ['serverAuth'] } },
    },
    { name: 'no-extended-usage', part: 'certificate', defects: { certificate: { extendedKeyUsages: [] } } },
    { name: 'no-names', part: 'certificate', defects: { certificate: { subjectAlternativeNames: [] } } },
    { name: 'not-yet-valid', part: 'certificate', defects: { certificate: { notBefore: later } } },
    { name: 'expired', part: 'certificate', defects: { certificate: { notBefore: earlier } } },
    {
      name: 'critical-extension',
      part: 'certificate',
      defects: {
        certificate: {
          extensions: [{ oid: '1.3.6.1.4.1.99999.1', critical: true, value: Buffer.from('0500', 'hex') }],
        },
      },
    },
    { name: 'no-entry', part: 'log', defects: { log: { entry: 'missing' } } },
    { name: 'entry-of-another-key', part: 'log', defects: { log: { entry: 'of-another-key' } } },
    { name: 'entry-of-another-verifier', part: 'log', defects: { log: { entry: 'of-another-verifier' } } },
    { name: 'entry-of-another-signature', part: 'log', defects: { log: { entry: 'of-another-signature' } } },
    { name: 'entry-of-another-payload', part: 'log', defects: { log: { entry: 'of-another-payload' } } },
    { name: 'entry-of-unknown-log', part: 'log', defects: { log: { entry: 'unknown-log' } } },
    { name: 'logged-too-late', part: 'promise', defects: { log: { integratedTime: later } } },
    { name: 'logged-too-early', part: 'promise', defects: { log: { integratedTime: earlier } } },
    { name: 'promise-tampered', part: 'promise', defects: { log: { promise: 'tampered' } } },
    { name: 'promise-by-another-key', part: 'promise', defects: { log: { promise: 'by-another-key' } } },
    { name: 'proof-truncated', part: 'proof', defects: { log: { proof: 'truncated' } } },
    { name: 'proof-extended', part: 'proof', defects: { log: { proof: 'extended' } } },
    { name: 'proof-of-another-root', part: 'proof', defects: { log: { proof: 'of-another-root' } } },
    { name: 'proof-missing', part: 'proof', defects: { log: { proof: 'missing' } } },
    { name: 'checkpoint-missing', part: 'proof', defects: { log: { checkpoint: 'missing' } } },
    { name: 'checkpoint-tampered', part: 'proof', defects: { log: { checkpoint: 'tampered' } } },
    { name: 'checkpoint-by-another-key', part: 'proof', defects: { log: { checkpoint: 'by-another-key' } } },
    {
      name: 'checkpoint-witnessed',
      part: 'proof',
      defects: { log: { checkpoint: 'with-witnesses' } },
      intended: 'accept',
    },
    { name: 'stamp-of-other-data', part: 'stamp', defects: { timestamp: { token: 'of-other-data' } } },
    { name: 'stamp-of-unknown-authority', part: 'stamp', defects: { timestamp: { token: 'unknown-authority' } } },
    { name: 'stamp-tampered', part: 'stamp', defects: { timestamp: { token: 'tampered' } } },
    { name: 'stamped-too-late', part: 'stamp', defects: { timestamp: { time: later } } },
    { name: 'stamped-too-early', part: 'stamp', defects: { timestamp: { time: earlier } } },
    { name: 'two-signatures', part: 'document', defects: { signatureCount: 2 } },
    { name: 'other-payload-type', part: 'document', defects: { payloadType: 'application/json' } },
    { name: 'other-layer-type', part: 'manifest', defects: { manifest: { layerMediaType: 'application/json' } } },
    {
      name: 'without-artifact-type',
      part: 'manifest',
      defects: { manifest: { artifactType: '' } },
      intended: 'accept',
    },
  ];
}

/** Every way a signature can be wrong, in every form that has the part that is wrong. */
export function defectCases(workshop: Workshop): DifferentialCase[] {
  const { registry, sigstore } = workshop;
  const rows: DifferentialCase[] = [];
  for (const { name, part, defects, intended = 'refuse' } of listDefects()) {
    for (const form of keylessForms) {
      const isLegacy = form.format === 'legacy';
      if (part === 'stamp' && !form.timestamp) continue;
      if (part === 'promise' && form.log !== 'v1') continue;
      if ((part === 'proof' || part === 'manifest') && isLegacy) continue;
      for (const kind of ['signature', 'attestation'] as const) {
        // Simple signing payloads are in no envelope, whose type or signatures could be wrong.
        if (isLegacy && kind === 'signature' && /two-signatures|other-payload-type/.test(name)) continue;
        const attestation = { predicateType: scanType, predicate: { passed: true } };
        const question = keylessQuestion(form, { subject: workflow, issuer: githubIssuer });
        rows.push({
          name: `defect/keyless/${form.format}/log-${form.log}/${form.timestamp ? 'stamped' : 'unstamped'}/${kind}/${name}`,
          type: isLegacy ? 'Cosign' : 'SigstoreBundle',
          intended,
          question: kind === 'signature' ? question : { ...question, predicateType: scanType },
          sign: (image) =>
            signKeyless({
              registry,
              image,
              sigstore,
              identity: github,
              ...form,
              defects,
              ...(kind === 'attestation' ? { attestation } : {}),
            }),
        });
      }
    }
    if (part === 'document' || part === 'log') rows.push(...keyDefects(workshop, name, part, defects, intended));
  }
  return rows;
}

function keyDefects(
  { registry, sigstore }: Workshop,
  name: string,
  part: Part,
  defects: SignatureDefects,
  intended: Verdict,
): DifferentialCase[] {
  const { privateKeyPem, publicKeyPem } = generateKeyPair('ecdsa-p256');
  const forms = [
    { format: 'legacy', log: 'none' },
    { format: 'legacy', log: 'v1' },
    { format: 'bundle', log: 'none' },
    { format: 'bundle', log: 'v1' },
  ] as const;
  return forms
    .filter(({ format, log }) => {
      const hasEnvelope = format === 'bundle' || !/two-signatures|other-payload-type/.test(name);
      return hasEnvelope && (part !== 'log' || log === 'v1');
    })
    .map(({ format, log }) => ({
      name: `defect/key/${format}/log-${log}/unstamped/signature/${name}`,
      type: format === 'legacy' ? 'Cosign' : 'SigstoreBundle',
      intended,
      question: {
        signer: { kind: 'key', publicKey: publicKeyPem },
        isLogWanted: log === 'v1',
        isTimeStampWanted: false,
      },
      sign: (image) => signWithKey({ registry, image, sigstore, key: privateKeyPem, format, log, defects }),
    }));
}
