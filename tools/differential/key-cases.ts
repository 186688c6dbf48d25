import { signWithKey } from '@vouchsafe/sandbox/sigstore';
import { type DifferentialCase, keyNames, type Workshop } from './differential-case.ts';

export const scanType = 'https://example.test/scan';
const scan = { predicateType: scanType, predicate: { passed: true } };

/** Where the evidence for one signature may come from: format, log, time stamp. */
const forms = [
  { format: 'legacy', log: 'none', timestamp: false },
  { format: 'legacy', log: 'none', timestamp: true },
  { format: 'legacy', log: 'v1', timestamp: false },
  { format: 'legacy', log: 'v1', timestamp: true },
  { format: 'bundle', log: 'none', timestamp: false },
  { format: 'bundle', log: 'none', timestamp: true },
  { format: 'bundle', log: 'v1', timestamp: false },
  { format: 'bundle', log: 'v1', timestamp: true },
  { format: 'bundle', log: 'v2', timestamp: true },
] as const;

/** What is asked, and whether the answer is yes. */
const questions = [
  { name: 'signature', intended: 'accept' },
  { name: 'signature-other-key', intended: 'refuse' },
  { name: 'annotated', intended: 'accept' },
  { name: 'annotated-otherwise', intended: 'refuse' },
  { name: 'annotation-missing', intended: 'refuse' },
  { name: 'attestation', intended: 'accept' },
  { name: 'attestation-other-key', intended: 'refuse' },
  { name: 'attestation-other-type', intended: 'refuse' },
] as const;

/** Every kind of key in every format, log and time stamp; right and wrong keys, annotations and types. */
export function keyCases({ registry, sigstore, keys, otherKeys }: Workshop): DifferentialCase[] {
  return keyNames.flatMap((keyName) =>
    forms.flatMap((form) =>
      questions.map(({ name, intended }): DifferentialCase => {
        const signingKey = keys.get(keyName)?.privateKey ?? '';
        const isOther = name.endsWith('other-key');
        const wanted = (isOther ? otherKeys : keys).get(keyName)?.publicKey ?? '';
        const isAttestation = name.startsWith('attestation');
        const signed = name.startsWith('annotated') ? { annotations: { team: 'blue', env: 'prod' } } : {};
        const asked = { annotated: 'blue', 'annotated-otherwise': 'red', 'annotation-missing': 'blue' }[name as string];
        return {
          name: `key/${keyName}/${form.format}/log-${form.log}/${form.timestamp ? 'stamped' : 'unstamped'}/${name}`,
          type: form.format === 'legacy' ? 'Cosign' : 'SigstoreBundle',
          intended,
          question: {
            signer: { kind: 'key', publicKey: wanted },
            isLogWanted: form.log !== 'none',
            isTimeStampWanted: form.timestamp,
            ...(asked === undefined ? {} : { annotations: { team: asked } }),
            ...(isAttestation ? { predicateType: name === 'attestation-other-type' ? `${scanType}/2` : scanType } : {}),
          },
          sign: (image) =>
            signWithKey({
              registry,
              image,
              sigstore,
              key: signingKey,
              ...form,
              ...signed,
              ...(isAttestation ? { attestation: scan } : {}),
            }),
        };
      }),
    ),
  );
}
