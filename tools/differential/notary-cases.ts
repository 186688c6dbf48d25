import { type NotaryDefects, signNotary } from '../../packages/images/test/notary-signer.ts';
import { type DifferentialCase, notaryKeyNames, type Verdict, type Workshop } from './differential-case.ts';

const hour = 3_600_000;

function listDefects(): { name: string; defects: NotaryDefects; intended: Verdict }[] {
  return [
    { name: 'none', defects: {}, intended: 'accept' },
    { name: 'other-digest', defects: { digest: `sha256:${'1'.repeat(64)}` }, intended: 'refuse' },
    {
      name: 'other-media-type',
      defects: { mediaType: 'application/vnd.oci.image.index.v1+json' },
      intended: 'refuse',
    },
    { name: 'tampered', defects: { isTampered: true }, intended: 'refuse' },
    { name: 'other-content-type', defects: { contentType: 'application/json' }, intended: 'refuse' },
    { name: 'other-scheme', defects: { scheme: 'notary.other' }, intended: 'refuse' },
    { name: 'expired', defects: { expiry: new Date(Date.now() - hour) }, intended: 'refuse' },
    { name: 'not-expired', defects: { expiry: new Date(Date.now() + hour) }, intended: 'accept' },
    { name: 'not-critical', defects: { critical: [] }, intended: 'refuse' },
    {
      name: 'unknown-critical',
      defects: { critical: ['io.cncf.notary.signingScheme', 'io.example.unknown'] },
      intended: 'refuse',
    },
    { name: 'no-certificates', defects: { certificates: [] }, intended: 'refuse' },
  ];
}

/** Notary Project signatures in both envelopes, honest and not. */
export function notaryCases({ registry, notary }: Workshop): DifferentialCase[] {
  return (['jws', 'cose'] as const).flatMap((format) =>
    notaryKeyNames.flatMap((keyName) =>
      listDefects().map(({ name, defects, intended }): DifferentialCase => {
        const key = notary.get(keyName);
        if (key === undefined) throw new Error(`no key ${keyName}`);
        return {
          name: `notary/${keyName}/${format}/${name}`,
          type: 'Notary',
          intended,
          question: { signer: { kind: 'notary', root: key.root }, isLogWanted: false, isTimeStampWanted: false },
          sign: (_image, repository, digest) => ({
            layerDigest: signNotary({ registry, repository, digest, key: key.signer, format, defects }),
          }),
        };
      }),
    ),
  );
}
