import { mkdir, writeFile } from 'node:fs/promises';
import { createCertificate, generateKeyPair } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { pushImage } from '../registry/push-image.ts';
import { type Registry, startRegistry } from '../registry/start-registry.ts';
import {
  expectAccepted,
  expectRefused,
  GITHUB,
  IDENTITY,
  missingCosign,
  startCosignOfTools,
} from './real-cosign.fixture.ts';
import type { CosignVersion, RealCosign } from './real-cosign.ts';
import { type SignKeylessOptions, signKeyless, signWithKey } from './sign-image.ts';
import type { Sigstore } from './start-sigstore.ts';

const STRANGER = [
  '--certificate-identity',
  'https://github.com/other',
  '--certificate-oidc-issuer',
  'https://other.example',
];
const PROVENANCE = {
  buildDefinition: { buildType: 'https://example.test/build', externalParameters: {} },
  runDetails: { builder: { id: 'https://example.test/builder' } },
};

let cosign: RealCosign;
let registry: Registry;
let sigstore: Sigstore;
const file = (name: string) => cosign.file(name);

beforeAll(async () => {
  const started = await startCosignOfTools();
  if (!started) return;
  cosign = started;
  ({ registry, sigstore } = cosign);
  await writeFile(file('token'), sigstore.oidcToken(GITHUB));
  await writeFile(file('token-email'), sigstore.oidcToken({ email: 'dev@example.test' }));
  await writeFile(file('predicate.json'), JSON.stringify(PROVENANCE));
});

afterAll(() => cosign?.stop());

let counter = 0;
function newImage() {
  counter += 1;
  return pushImage(registry, `app-${counter}:v1`, { labels: { counter: String(counter) } });
}

describe.skipIf(missingCosign !== undefined)(
  `real cosign${missingCosign === undefined ? '' : ` (not run: ${missingCosign})`}`,
  () => {
    describe('the built-in keyless signer', () => {
      const forms: [string, Partial<SignKeylessOptions>, readonly CosignVersion[]][] = [
        ['legacy', {}, [2, 3]],
        ['legacy with timestamp', { timestamp: true }, [2, 3]],
        ['bundle, Rekor v1', { format: 'bundle' }, [3]],
        ['bundle, Rekor v1 and timestamp', { format: 'bundle', timestamp: true }, [3]],
        ['bundle, Rekor v2', { format: 'bundle', log: 'v2' }, [3]],
      ];
      it.each(forms)('%s: accepted for its identity, refused for another', async (_name, options, versions) => {
        const { image } = newImage();
        signKeyless({ registry, image, sigstore, identity: GITHUB, ...options });
        for (const version of versions) {
          await expectAccepted(cosign.verify(version, image, ...IDENTITY));
          await expectRefused(
            cosign.verify(version, image, ...STRANGER),
            /none of the expected identities|no matching/,
          );
        }
      });

      it.each(forms)('%s attestation', async (_name, options, versions) => {
        const { image } = newImage();
        const attestation = { predicateType: 'https://slsa.dev/provenance/v1', predicate: PROVENANCE };
        signKeyless({ registry, image, sigstore, identity: GITHUB, attestation, ...options });
        const type = ['--type', 'slsaprovenance1'];
        if (versions.includes(2)) {
          await expectAccepted(cosign.verifyAttestation(2, image, ...type, ...IDENTITY));
        }
        await expectAccepted(cosign.verifyAttestation(3, image, ...type, ...IDENTITY));
      });
    });

    describe('the built-in key signer', () => {
      it.each(['ecdsa-p256', 'rsa-2048'] as const)('%s: legacy and bundle', async (algorithm) => {
        const key = generateKeyPair(algorithm);
        await writeFile(file('signer.pub'), key.publicKeyPem);
        const byKey = ['--key', file('signer.pub'), '--insecure-ignore-tlog=true'];
        const legacy = newImage();
        signWithKey({ registry, image: legacy.image, key: key.privateKeyPem, annotations: { team: 'blue' } });
        await expectAccepted(cosign.run(2, ['verify', ...byKey, '-a', 'team=blue', legacy.image]));
        await expectAccepted(cosign.run(3, ['verify', ...byKey, '-a', 'team=blue', legacy.image]));
        await expectRefused(cosign.run(2, ['verify', ...byKey, '-a', 'team=red', legacy.image]), /annotation/);
        const bundle = newImage();
        signWithKey({ registry, image: bundle.image, key: key.privateKeyPem, format: 'bundle' });
        await expectAccepted(cosign.run(3, ['verify', ...byKey, bundle.image]));
        await writeFile(file('other.pub'), generateKeyPair(algorithm).publicKeyPem);
        await expectRefused(
          cosign.run(3, ['verify', '--key', file('other.pub'), '--insecure-ignore-tlog=true', bundle.image]),
          /invalid|failed|no matching|no signatures/,
        );
      });

      it('is found in the log', async () => {
        const key = generateKeyPair('ecdsa-p256');
        await writeFile(file('logged.pub'), key.publicKeyPem);
        const { image } = newImage();
        signWithKey({ registry, image, key: key.privateKeyPem, sigstore, log: 'v1' });
        await expectAccepted(cosign.verify(2, image, '--key', file('logged.pub')));
      });

      it('P-384 with SHA-256, as cosign 2 signs', async () => {
        const key = generateKeyPair('ecdsa-p384');
        await writeFile(file('p384.pub'), key.publicKeyPem);
        const { image } = newImage();
        signWithKey({ registry, image, key: key.privateKeyPem });
        await expectAccepted(
          cosign.run(2, ['verify', '--key', file('p384.pub'), '--insecure-ignore-tlog=true', image]),
        );
      });

      it('carries the certificate of a private authority', async () => {
        const authority = generateKeyPair('ecdsa-p256');
        const signer = generateKeyPair('ecdsa-p256');
        const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
        const root = createCertificate({
          ...validity,
          subject: { commonName: 'private root' },
          publicKey: authority.publicKey,
          signingKey: authority.privateKey,
          isCertificateAuthority: true,
          subjectAlternativeNames: [],
          extendedKeyUsages: [],
        });
        const leaf = createCertificate({
          ...validity,
          subject: { commonName: 'builder' },
          publicKey: signer.publicKey,
          issuer: { certificatePem: root.pem, privateKey: authority.privateKey },
          isCertificateAuthority: false,
          subjectAlternativeNames: [{ type: 'email', value: 'builder@example.test' }],
          extendedKeyUsages: ['codeSigning'],
        });
        await writeFile(file('private_root.pem'), root.pem);
        const { image } = newImage();
        signWithKey({ registry, image, key: signer.privateKey, certificate: { pem: leaf.pem, chainPem: root.pem } });
        const identity = ['--certificate-identity', 'builder@example.test', '--certificate-oidc-issuer-regexp', '.*'];
        const flags = [
          '--ca-roots',
          file('private_root.pem'),
          '--insecure-ignore-tlog=true',
          '--insecure-ignore-sct=true',
        ];
        await expectAccepted(cosign.run(2, ['verify', ...flags, ...identity, image]));
        await writeFile(file('other_root.pem'), sigstore.pem.fulcioRoot);
        const other = [
          '--ca-roots',
          file('other_root.pem'),
          '--insecure-ignore-tlog=true',
          '--insecure-ignore-sct=true',
        ];
        await expectRefused(cosign.run(2, ['verify', ...other, ...identity, image]), /unknown authority/);
      });

      it('signs an index and not what is under it', async () => {
        const key = generateKeyPair('ecdsa-p256');
        await writeFile(file('index.pub'), key.publicKeyPem);
        const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
        const pushed = pushImage(registry, 'multi:v1', { platforms });
        signWithKey({ registry, image: pushed.image, key: key.privateKeyPem });
        const byKey = ['--key', file('index.pub'), '--insecure-ignore-tlog=true'];
        await expectAccepted(cosign.run(2, ['verify', ...byKey, pushed.image]));
        const child = `${registry.host}/multi@${pushed.manifests[0]?.digest}`;
        await expectRefused(cosign.run(2, ['verify', ...byKey, child]), /no signatures found/);
      });

      it('signs into another repository, and as an OCI 1.1 referrer', async () => {
        const key = generateKeyPair('ecdsa-p256');
        await writeFile(file('elsewhere.pub'), key.publicKeyPem);
        const byKey = ['--key', file('elsewhere.pub'), '--insecure-ignore-tlog=true'];
        const moved = newImage();
        signWithKey({ registry, image: moved.image, key: key.privateKeyPem, signatureRepository: 'team/signatures' });
        await expectRefused(cosign.run(2, ['verify', ...byKey, moved.image]), /no signatures found/);
        const environment = { COSIGN_REPOSITORY: `${registry.host}/team/signatures` };
        await expectAccepted(cosign.run(2, ['verify', ...byKey, moved.image], environment));
        const referred = newImage();
        signWithKey({ registry, image: referred.image, key: key.privateKeyPem, legacyReferrer: true });
        await expectAccepted(cosign.run(3, ['verify', '--experimental-oci11', ...byKey, referred.image]));
      });

      it.each(['dsse', 'intoto'] as const)('attests with a %s entry', async (entry) => {
        const key = generateKeyPair('ecdsa-p256');
        await writeFile(file('attest.pub'), key.publicKeyPem);
        const { image } = newImage();
        const attestation = { predicateType: 'https://example.test/scan', predicate: { passed: true }, entry };
        signWithKey({ registry, image, key: key.privateKeyPem, attestation, sigstore, log: 'v1' });
        const flags = ['--key', file('attest.pub'), '--type', 'https://example.test/scan'];
        await expectAccepted(cosign.verifyAttestation(2, image, ...flags));
      });

      it.each(['tag-as-cosign', 'tag-as-oras'] as const)(
        'finds bundles without a referrers API (%s)',
        async (referrers) => {
          const key = generateKeyPair('ecdsa-p256');
          await writeFile(file('fallback.pub'), key.publicKeyPem);
          const pushed = newImage();
          registry.setFault(pushed.repository, { effect: { kind: 'no-referrers-api' } });
          signWithKey({ registry, image: pushed.image, key: key.privateKeyPem, format: 'bundle', referrers });
          await expectAccepted(
            cosign.run(3, ['verify', '--key', file('fallback.pub'), '--insecure-ignore-tlog=true', pushed.image]),
          );
        },
      );
    });

    describe('cosign 2 against the services', () => {
      const services = () => [
        '--fulcio-url',
        sigstore.urls.fulcio,
        '--rekor-url',
        sigstore.urls.rekor,
        '--timestamp-server-url',
        sigstore.urls.timestamp,
        '-y',
      ];

      it('signs and attests keyless; both versions verify', async () => {
        const { image, repository, digest } = newImage();
        const reference = `${registry.host}/${repository}@${digest}`;
        const token = ['--identity-token', file('token')];
        await expectAccepted(cosign.run(2, ['sign', ...services(), ...token, reference]));
        const predicate = ['--type', 'slsaprovenance1', '--predicate', file('predicate.json')];
        await expectAccepted(cosign.run(2, ['attest', ...services(), ...token, ...predicate, reference]));
        await expectAccepted(cosign.verify(2, image, ...IDENTITY));
        await expectAccepted(cosign.verify(3, image, ...IDENTITY));
        await expectRefused(cosign.verify(2, image, ...STRANGER), /none of the expected identities/);
        const type = ['--type', 'slsaprovenance1'];
        await expectAccepted(cosign.verifyAttestation(2, image, ...type, ...IDENTITY));
      });

      it('signs for a mail address, and with a key', async () => {
        const mail = newImage();
        const token = ['--identity-token', file('token-email')];
        await expectAccepted(
          cosign.run(2, ['sign', ...services(), ...token, `${registry.host}/${mail.repository}@${mail.digest}`]),
        );
        const mailIdentity = [
          '--certificate-identity',
          'dev@example.test',
          '--certificate-oidc-issuer',
          sigstore.urls.oidc,
        ];
        await expectAccepted(cosign.verify(2, mail.image, ...mailIdentity));

        await expectAccepted(cosign.run(2, ['generate-key-pair', '--output-key-prefix', file('pair')]));
        const byKey = newImage();
        const reference = `${registry.host}/${byKey.repository}@${byKey.digest}`;
        await expectAccepted(
          cosign.run(2, ['sign', '--key', file('pair.key'), '--rekor-url', sigstore.urls.rekor, '-y', reference]),
        );
        await expectAccepted(cosign.verify(2, byKey.image, '--key', file('pair.pub')));
        await expectAccepted(
          cosign.run(3, [
            'verify',
            '--key',
            file('pair.pub'),
            '--trusted-root',
            file('trusted_root.json'),
            byKey.image,
          ]),
        );
      });

      it('gets no certificate with a token that is not ours', async () => {
        const { repository, digest } = newImage();
        const [header = '', payload = ''] = sigstore.oidcToken(GITHUB).split('.');
        await writeFile(file('forged'), `${header}.${payload}.${Buffer.alloc(64, 1).toString('base64url')}`);
        const sign = cosign.run(2, [
          'sign',
          ...services(),
          '--identity-token',
          file('forged'),
          `${registry.host}/${repository}@${digest}`,
        ]);
        await expectRefused(sign, /not signed by this issuer/);
      });
    });

    describe('cosign 3 against the services', () => {
      it.each(['signing_config.json', 'signing_config_rekor_v1.json', 'signing_config_rekor_v1_timestamp.json'])(
        'signs and attests with %s and verifies',
        async (config) => {
          const { image, repository, digest } = newImage();
          const reference = `${registry.host}/${repository}@${digest}`;
          const base = [
            '--signing-config',
            file(config),
            '--trusted-root',
            file('trusted_root.json'),
            '--identity-token',
            file('token'),
            '-y',
          ];
          const predicate = ['--type', 'slsaprovenance1', '--predicate', file('predicate.json')];
          await expectAccepted(cosign.run(3, ['sign', ...base, reference]));
          await expectAccepted(cosign.run(3, ['attest', ...base, ...predicate, reference]));
          await expectAccepted(cosign.verify(3, image, ...IDENTITY));
          await expectRefused(cosign.verify(3, image, ...STRANGER), /no matching/);
          await expectAccepted(cosign.verifyAttestation(3, image, '--type', 'slsaprovenance1', ...IDENTITY));
        },
      );

      it('signs with a key and takes its trust root from the TUF mirror', async () => {
        await expectAccepted(cosign.run(3, ['generate-key-pair', '--output-key-prefix', file('pair3')]));
        const byKey = newImage();
        const reference = `${registry.host}/${byKey.repository}@${byKey.digest}`;
        const sign = [
          'sign',
          '--key',
          file('pair3.key'),
          '--signing-config',
          file('no_services.json'),
          '-y',
          reference,
        ];
        await expectAccepted(cosign.run(3, sign));
        await expectAccepted(
          cosign.run(3, ['verify', '--key', file('pair3.pub'), '--insecure-ignore-tlog=true', byKey.image]),
        );

        const keyless = newImage();
        signKeyless({ registry, image: keyless.image, sigstore, identity: GITHUB, format: 'bundle', log: 'v2' });
        const mirror = {
          TUF_MIRROR: sigstore.urls.tuf,
          TUF_ROOT_JSON: file('tuf_root.json'),
          TUF_ROOT: file('home/tuf'),
        };
        await expectAccepted(cosign.run(3, ['verify', ...IDENTITY, keyless.image], mirror));
      });

      it.each([
        ['basic' as const, '127.0.0.1'],
        ['bearer' as const, '127.0.0.1'],
      ])('logs in to a registry with %s credentials', async (kind, host) => {
        const locked = await startRegistry({ host, auth: { kind, users: { alice: 's3cret' } } });
        try {
          const auth = { auth: Buffer.from('alice:s3cret').toString('base64') };
          await mkdir(file(`docker-${kind}`));
          await writeFile(file(`docker-${kind}/config.json`), JSON.stringify({ auths: { [locked.host]: auth } }));
          const environment = { DOCKER_CONFIG: file(`docker-${kind}`) };
          const pushed = pushImage(locked, 'private/app:v1');
          const reference = `${locked.host}/private/app@${pushed.digest}`;
          await expectAccepted(cosign.run(3, ['generate-key-pair', '--output-key-prefix', file(`locked-${kind}`)]));
          const key = file(`locked-${kind}.key`);
          const sign = ['sign', '--key', key, '--signing-config', file('no_services.json'), '-y', reference];
          await expectAccepted(cosign.run(3, sign, environment));
          const verify = ['verify', '--key', file(`locked-${kind}.pub`), '--insecure-ignore-tlog=true', reference];
          await expectAccepted(cosign.run(3, verify, environment));
          await expectRefused(cosign.run(3, verify), /UNAUTHORIZED|401|authentication required/);
        } finally {
          await locked.stop();
        }
      });
    });
  },
);
