import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../../../tools/tool-paths.ts';
import { pushImage } from '../registry/push-image.ts';
import { type Registry, startRegistry } from '../registry/start-registry.ts';
import { type SignedImage, type SignKeylessOptions, signKeyless, signWithKey } from './sign-image.ts';
import { type Sigstore, startSigstore, type TokenRequest } from './start-sigstore.ts';

/** Runs only where `npm run tools` has fetched both programs; everything else in this repository works without them. */
const tools = { 2: findTool('cosign-2'), 3: findTool('cosign-3') };
const reason = [tools[2], tools[3]].flatMap((tool) => ('missing' in tool ? [tool.missing] : []))[0];

const WORKFLOW = 'acme/app/.github/workflows/release.yml@refs/heads/main';
const GITHUB: TokenRequest = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'repo:acme/app:ref:refs/heads/main',
  claims: {
    job_workflow_ref: WORKFLOW,
    repository: 'acme/app',
    ref: 'refs/heads/main',
    event_name: 'push',
    run_id: '77',
  },
};
const IDENTITY = [
  '--certificate-identity',
  `https://github.com/${WORKFLOW}`,
  '--certificate-oidc-issuer',
  'https://token.actions.githubusercontent.com',
];
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

let registry: Registry;
let sigstore: Sigstore;
let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  if (reason !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'real-cosign-'));
  registry = await startRegistry();
  sigstore = await startSigstore();
  await sigstore.writeFiles(folder);
  await mkdir(file('home'));
  await writeFile(file('token'), sigstore.oidcToken(GITHUB));
  await writeFile(file('token-email'), sigstore.oidcToken({ email: 'dev@example.test' }));
  await writeFile(file('predicate.json'), JSON.stringify(PROVENANCE));
  await writeFile(
    file('no_services.json'),
    JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' }),
  );
});

afterAll(async () => {
  if (reason !== undefined) return;
  await Promise.all([registry.stop(), sigstore.stop()]);
  await rm(folder, { recursive: true });
});

interface Outcome {
  isAccepted: boolean;
  output: string;
}

function cosign(version: 2 | 3, args: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const tool = tools[version];
  if ('missing' in tool) throw new Error(tool.missing);
  const env = {
    HOME: file('home'),
    COSIGN_PASSWORD: '',
    ...(version === 2
      ? {
          SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: file('ctfe.pub'),
          SIGSTORE_ROOT_FILE: file('fulcio_chain.pem'),
          SIGSTORE_REKOR_PUBLIC_KEY: file('rekor.pub'),
          SIGSTORE_TSA_CERTIFICATE_FILE: file('timestamp_chain.pem'),
        }
      : {}),
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(tool.path, [...args], { env, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ isAccepted: error === null, output: stdout + stderr });
    });
  });
}

async function expectAccepted(run: Promise<Outcome>): Promise<void> {
  const { isAccepted, output } = await run;
  expect(isAccepted, output).toBe(true);
}

async function expectRefused(run: Promise<Outcome>, because: RegExp): Promise<void> {
  const { isAccepted, output } = await run;
  expect(isAccepted, output).toBe(false);
  expect(output).toMatch(because);
}

const verify2 = (image: string, ...args: string[]) =>
  cosign(2, ['verify', '--offline', '--rekor-url', sigstore.urls.rekor, ...args, image]);
const verify3 = (image: string, ...args: string[]) =>
  cosign(3, ['verify', '--trusted-root', file('trusted_root.json'), ...args, image]);

let counter = 0;
function newImage() {
  counter += 1;
  return pushImage(registry, `app-${counter}:v1`, { labels: { counter: String(counter) } });
}

describe.skipIf(reason !== undefined)(`real cosign${reason === undefined ? '' : ` (not run: ${reason})`}`, () => {
  describe('the built-in keyless signer', () => {
    const forms: [string, Partial<SignKeylessOptions>, readonly (2 | 3)[]][] = [
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
        const verify = version === 2 ? verify2 : verify3;
        await expectAccepted(verify(image, ...IDENTITY));
        await expectRefused(verify(image, ...STRANGER), /none of the expected identities|no matching/);
      }
    });

    it.each(forms)('%s attestation', async (_name, options, versions) => {
      const { image } = newImage();
      const attestation = { predicateType: 'https://slsa.dev/provenance/v1', predicate: PROVENANCE };
      signKeyless({ registry, image, sigstore, identity: GITHUB, attestation, ...options });
      const type = ['--type', 'slsaprovenance1'];
      if (versions.includes(2)) {
        await expectAccepted(
          cosign(2, [
            'verify-attestation',
            '--offline',
            '--rekor-url',
            sigstore.urls.rekor,
            ...type,
            ...IDENTITY,
            image,
          ]),
        );
      }
      await expectAccepted(
        cosign(3, ['verify-attestation', '--trusted-root', file('trusted_root.json'), ...type, ...IDENTITY, image]),
      );
    });
  });

  describe('the built-in key signer', () => {
    it.each(['ecdsa-p256', 'rsa-2048'] as const)('%s: legacy and bundle', async (algorithm) => {
      const key = generateKeyPair(algorithm);
      await writeFile(file('signer.pub'), key.publicKeyPem);
      const byKey = ['--key', file('signer.pub'), '--insecure-ignore-tlog=true'];
      const legacy = newImage();
      signWithKey({ registry, image: legacy.image, key: key.privateKeyPem, annotations: { team: 'blue' } });
      await expectAccepted(cosign(2, ['verify', ...byKey, '-a', 'team=blue', legacy.image]));
      await expectAccepted(cosign(3, ['verify', ...byKey, '-a', 'team=blue', legacy.image]));
      await expectRefused(cosign(2, ['verify', ...byKey, '-a', 'team=red', legacy.image]), /annotation/);
      const bundle = newImage();
      signWithKey({ registry, image: bundle.image, key: key.privateKeyPem, format: 'bundle' });
      await expectAccepted(cosign(3, ['verify', ...byKey, bundle.image]));
      await writeFile(file('other.pub'), generateKeyPair(algorithm).publicKeyPem);
      await expectRefused(
        cosign(3, ['verify', '--key', file('other.pub'), '--insecure-ignore-tlog=true', bundle.image]),
        /invalid|failed|no matching|no signatures/,
      );
    });

    it('is found in the log', async () => {
      const key = generateKeyPair('ecdsa-p256');
      await writeFile(file('logged.pub'), key.publicKeyPem);
      const { image } = newImage();
      signWithKey({ registry, image, key: key.privateKeyPem, sigstore, log: 'v1' });
      await expectAccepted(verify2(image, '--key', file('logged.pub')));
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
          cosign(3, ['verify', '--key', file('fallback.pub'), '--insecure-ignore-tlog=true', pushed.image]),
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
      await expectAccepted(cosign(2, ['sign', ...services(), ...token, reference]));
      const predicate = ['--type', 'slsaprovenance1', '--predicate', file('predicate.json')];
      await expectAccepted(cosign(2, ['attest', ...services(), ...token, ...predicate, reference]));
      await expectAccepted(verify2(image, ...IDENTITY));
      await expectAccepted(verify3(image, ...IDENTITY));
      await expectRefused(verify2(image, ...STRANGER), /none of the expected identities/);
      const type = ['--type', 'slsaprovenance1'];
      await expectAccepted(
        cosign(2, ['verify-attestation', '--offline', '--rekor-url', sigstore.urls.rekor, ...type, ...IDENTITY, image]),
      );
    });

    it('signs for a mail address, and with a key', async () => {
      const mail = newImage();
      const token = ['--identity-token', file('token-email')];
      await expectAccepted(
        cosign(2, ['sign', ...services(), ...token, `${registry.host}/${mail.repository}@${mail.digest}`]),
      );
      const mailIdentity = [
        '--certificate-identity',
        'dev@example.test',
        '--certificate-oidc-issuer',
        sigstore.urls.oidc,
      ];
      await expectAccepted(verify2(mail.image, ...mailIdentity));

      await expectAccepted(cosign(2, ['generate-key-pair', '--output-key-prefix', file('pair')]));
      const byKey = newImage();
      const reference = `${registry.host}/${byKey.repository}@${byKey.digest}`;
      await expectAccepted(
        cosign(2, ['sign', '--key', file('pair.key'), '--rekor-url', sigstore.urls.rekor, '-y', reference]),
      );
      await expectAccepted(verify2(byKey.image, '--key', file('pair.pub')));
      await expectAccepted(
        cosign(3, ['verify', '--key', file('pair.pub'), '--trusted-root', file('trusted_root.json'), byKey.image]),
      );
    });

    it('gets no certificate with a token that is not ours', async () => {
      const { repository, digest } = newImage();
      const [header = '', payload = ''] = sigstore.oidcToken(GITHUB).split('.');
      await writeFile(file('forged'), `${header}.${payload}.${Buffer.alloc(64, 1).toString('base64url')}`);
      const sign = cosign(2, [
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
        await expectAccepted(cosign(3, ['sign', ...base, reference]));
        await expectAccepted(cosign(3, ['attest', ...base, ...predicate, reference]));
        await expectAccepted(verify3(image, ...IDENTITY));
        await expectRefused(verify3(image, ...STRANGER), /no matching/);
        await expectAccepted(
          cosign(3, [
            'verify-attestation',
            '--trusted-root',
            file('trusted_root.json'),
            '--type',
            'slsaprovenance1',
            ...IDENTITY,
            image,
          ]),
        );
      },
    );

    it('signs with a key and takes its trust root from the TUF mirror', async () => {
      await expectAccepted(cosign(3, ['generate-key-pair', '--output-key-prefix', file('pair3')]));
      const byKey = newImage();
      const reference = `${registry.host}/${byKey.repository}@${byKey.digest}`;
      const sign = ['sign', '--key', file('pair3.key'), '--signing-config', file('no_services.json'), '-y', reference];
      await expectAccepted(cosign(3, sign));
      await expectAccepted(
        cosign(3, ['verify', '--key', file('pair3.pub'), '--insecure-ignore-tlog=true', byKey.image]),
      );

      const keyless = newImage();
      signKeyless({ registry, image: keyless.image, sigstore, identity: GITHUB, format: 'bundle', log: 'v2' });
      const mirror = {
        TUF_MIRROR: sigstore.urls.tuf,
        TUF_ROOT_JSON: file('tuf_root.json'),
        TUF_ROOT: file('home/tuf'),
      };
      await expectAccepted(cosign(3, ['verify', ...IDENTITY, keyless.image], mirror));
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
        await expectAccepted(cosign(3, ['generate-key-pair', '--output-key-prefix', file(`locked-${kind}`)]));
        const key = file(`locked-${kind}.key`);
        const sign = ['sign', '--key', key, '--signing-config', file('no_services.json'), '-y', reference];
        await expectAccepted(cosign(3, sign, environment));
        const verify = ['verify', '--key', file(`locked-${kind}.pub`), '--insecure-ignore-tlog=true', reference];
        await expectAccepted(cosign(3, verify, environment));
        await expectRefused(cosign(3, verify), /UNAUTHORIZED|401|authentication required/);
      } finally {
        await locked.stop();
      }
    });
  });

  it('refuses what the defects spoil', async () => {
    const refused: [string, (image: string) => SignedImage, RegExp][] = [
      [
        'tampered signature',
        (image) => signKeyless({ registry, image, sigstore, identity: GITHUB, defects: { signature: 'tampered' } }),
        /./,
      ],
      [
        'no timestamp in the certificate',
        (image) =>
          signKeyless({
            registry,
            image,
            sigstore,
            identity: GITHUB,
            defects: { certificate: { timestamp: 'missing' } },
          }),
        /SCT/,
      ],
      [
        'unknown certificate log',
        (image) =>
          signKeyless({
            registry,
            image,
            sigstore,
            identity: GITHUB,
            defects: { certificate: { timestamp: 'unknown-log' } },
          }),
        /./,
      ],
      [
        'impostor authority',
        (image) =>
          signKeyless({
            registry,
            image,
            sigstore,
            identity: GITHUB,
            defects: { certificate: { issuedBy: 'impostor' } },
          }),
        /./,
      ],
      [
        'entry of another key',
        (image) =>
          signKeyless({ registry, image, sigstore, identity: GITHUB, defects: { log: { entry: 'of-another-key' } } }),
        /./,
      ],
      [
        'unknown log',
        (image) =>
          signKeyless({ registry, image, sigstore, identity: GITHUB, defects: { log: { entry: 'unknown-log' } } }),
        /./,
      ],
      [
        'logged after the certificate ended',
        (image) =>
          signKeyless({
            registry,
            image,
            sigstore,
            identity: GITHUB,
            defects: { log: { integratedTime: new Date(Date.now() + 3_600_000) } },
          }),
        /./,
      ],
      [
        'another digest',
        (image) =>
          signKeyless({
            registry,
            image,
            sigstore,
            identity: GITHUB,
            defects: { signedDigest: `sha256:${'1'.repeat(64)}` },
          }),
        /./,
      ],
    ];
    for (const [what, sign, because] of refused) {
      const { image } = newImage();
      sign(image);
      for (const verify of [verify2, verify3]) {
        const { isAccepted, output } = await verify(image, ...IDENTITY);
        expect(isAccepted, `${what}: ${output}`).toBe(false);
        expect(output, what).toMatch(because);
      }
    }
  });
});
