import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnections } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';
import { parsePublicKeys } from '../trust/public-key.ts';
import { createKeyReferences } from './key-references.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const pem = generateKeyPair('ecdsa-p256').publicKeyPem;
const soon = () => AbortSignal.timeout(3000);

function open(environment: Environment, load?: (name: string) => Promise<unknown>) {
  const connections = createConnections({ connections: 2, timeoutMs: 1000 });
  cleanups.push(() => connections.close());
  return createKeyReferences({ environment, connections, userAgent: 'test', ...(load && { load }) });
}

async function refusalOf(asked: Promise<string>): Promise<string> {
  return asked.then(
    () => expect.fail('a key was given'),
    (error: Error & { failure?: { reason: string }; class?: string }) =>
      `${error.failure?.reason ?? error.class}: ${error.message}`,
  );
}

/** What Vault 1.x answers for a transit key, in full. */
function recordedKey(type: string, keys: Record<string, unknown>, latest: number) {
  return {
    request_id: '8a5a4b0c-0c4e-2f6c-7f3b-7d2f8b1c7e57',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: {
      allow_plaintext_backup: false,
      auto_rotate_period: 0,
      deletion_allowed: false,
      derived: false,
      exportable: false,
      imported_key: false,
      keys,
      latest_version: latest,
      min_available_version: 0,
      min_decryption_version: 1,
      min_encryption_version: 0,
      name: 'cosign',
      supports_decryption: false,
      supports_derivation: false,
      supports_encryption: false,
      supports_signing: true,
      type,
    },
    wrap_info: null,
    warnings: null,
    auth: null,
    mount_type: 'transit',
  };
}

async function startVault(answers: Record<string, unknown>, token = 's.token') {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const answer = answers[request.url ?? ''];
    const status = request.headers['x-vault-token'] !== token ? 403 : answer === undefined ? 404 : 200;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? answer : { errors: status === 403 ? ['permission denied'] : [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const environment = { VAULT_ADDR: `http://127.0.0.1:${address.port}`, VAULT_TOKEN: token };
  return { seen, environment };
}

describe('keys in Vault', () => {
  const version = (public_key: string, name: string) => ({ creation_time: '2026-01-02T03:04:05Z', name, public_key });

  it('gives the newest version, asked for once', async () => {
    const old = generateKeyPair('ecdsa-p256').publicKeyPem;
    const key = recordedKey('ecdsa-p256', { '1': version(old, 'P-256'), '2': version(pem, 'P-256') }, 2);
    const { seen, environment } = await startVault({ '/v1/transit/keys/cosign': key });
    const references = open({ ...environment, VAULT_NAMESPACE: 'team' });
    const ask = () => references.publicKey('hashivault', 'cosign', soon());
    expect(await Promise.all([ask(), ask()])).toEqual([pem.trim(), pem.trim()]);
    expect(await ask()).toBe(pem.trim());
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers).toMatchObject({ 'x-vault-request': 'true', 'x-vault-namespace': 'team' });
  });

  it('one who waits no longer ends the question for nobody else', async () => {
    const key = recordedKey('ecdsa-p256', { '1': version(pem, 'P-256') }, 1);
    const { environment } = await startVault({ '/v1/transit/keys/cosign': key });
    const references = open(environment);
    const impatient = references.publicKey('hashivault', 'cosign', AbortSignal.abort());
    const patient = references.publicKey('hashivault', 'cosign', soon());
    expect(await refusalOf(impatient)).toContain('timed-out');
    expect(await patient).toBe(pem.trim());
  });

  it('reads Ed25519 keys, which Vault gives as bare bytes, from another mount', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url').toString('base64');
    const answers = { '/v1/sign/keys/cosign': recordedKey('ed25519', { '1': version(raw, 'ed25519') }, 1) };
    const { environment } = await startVault(answers);
    const got = await open({ ...environment, TRANSIT_SECRET_ENGINE_PATH: 'sign' }).publicKey(
      'hashivault',
      'cosign',
      soon(),
    );
    expect(parsePublicKeys(got)[0]?.key.equals(publicKey)).toBe(true);
  });

  it('is opened by the token that a login left', async () => {
    const key = recordedKey('ecdsa-p256', { '1': version(pem, 'P-256') }, 1);
    const { environment } = await startVault({ '/v1/transit/keys/cosign': key });
    const { VAULT_TOKEN, VAULT_ADDR } = environment;
    const HOME = mkdtempSync(join(tmpdir(), 'vouchsafe-home-'));
    cleanups.push(async () => rmSync(HOME, { recursive: true }));
    writeFileSync(join(HOME, '.vault-token'), `${VAULT_TOKEN}\n`);
    expect(await open({ VAULT_ADDR, HOME }).publicKey('hashivault', 'cosign', soon())).toBe(pem.trim());
  });

  it('says what is missing or wrong, and never the token', async () => {
    const symmetric = recordedKey('aes256-gcm96', { '1': 1_767_323_045 }, 1);
    const { environment } = await startVault({ '/v1/transit/keys/aes': symmetric });
    const ask = (name: string, more: Environment = {}) =>
      refusalOf(open({ ...environment, ...more }).publicKey('hashivault', name, soon()));
    expect(await ask('none')).toBe('invalid-attestor: Vault has no key `none`');
    expect(await ask('aes')).toBe('invalid-attestor: the key `aes` in Vault has no public part');
    expect(await ask('cosign', { VAULT_TOKEN: 'wrong' })).toBe('denied: Vault denies access to the key `cosign` (403)');
    expect(await ask('cosign', { VAULT_ADDR: 'http://127.0.0.1:1' })).toContain('transient: Vault at');
    expect(await ask('cosign', { VAULT_ADDR: undefined })).toContain('VAULT_ADDR is not set');
    expect(await ask('cosign', { VAULT_TOKEN: undefined })).toContain('VAULT_TOKEN is not set');
    expect(await ask('cosign', { VAULT_TOKEN: 'a\nb' })).toContain('the token for Vault is malformed');
    expect(await ask('cosign', { VAULT_ADDR: 'http://169.254.169.254' })).toContain('permanent: Vault at');
  });

  it.each(['../sys/seal', 'a/b', 'a?x=1', 'a%2e', '', '.hidden'])(
    'refuses the name `%s` without asking',
    async (name) => {
      const { seen, environment } = await startVault({});
      expect(await refusalOf(open(environment).publicKey('hashivault', name, soon()))).toContain('malformed');
      expect(seen).toHaveLength(0);
    },
  );
});

describe('keys in clouds', () => {
  const absent = (name: string) =>
    Promise.reject(
      Object.assign(new Error(`Cannot find module '${name}'\nRequire stack: x`), { code: 'MODULE_NOT_FOUND' }),
    );

  it.each([
    ['awskms', '/alias/cosign', '@aws-sdk/client-kms'],
    ['gcpkms', 'projects/p/locations/eu/keyRings/r/cryptoKeys/k/versions/1', 'google-auth-library'],
    ['azurekms', 'team.vault.azure.net/cosign', '@azure/identity'],
  ])('%s names the package it needs', async (scheme, name, wanted) => {
    expect(await refusalOf(open({}, absent).publicKey(scheme, name, soon()))).toBe(
      `invalid-attestor: install \`${wanted}\` to use \`${scheme}://\``,
    );
  });

  it('awskms asks in the region of the ARN', async () => {
    const asked: unknown[] = [];
    const spki = parsePublicKeys(pem)[0]?.spki;
    class KMSClient {
      constructor(options: unknown) {
        asked.push(options);
      }
      async send(command: unknown) {
        asked.push(command);
        return { PublicKey: spki };
      }
      destroy() {}
    }
    class GetPublicKeyCommand {
      readonly input: unknown;
      constructor(input: unknown) {
        this.input = input;
      }
    }
    const references = open({}, async () => ({ KMSClient, GetPublicKeyCommand }));
    const arn = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const got = await references.publicKey('awskms', `/${arn}`, soon());
    expect(parsePublicKeys(got)[0]?.spki).toEqual(spki);
    expect(asked).toEqual([{ region: 'eu-west-1' }, { input: { KeyId: arn } }]);
  });

  it('gcpkms asks for one version', async () => {
    const urls: string[] = [];
    class GoogleAuth {
      async request({ url }: { url: string }) {
        urls.push(url);
        return { data: { pem } };
      }
    }
    const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k/versions/3';
    expect(await open({}, async () => ({ GoogleAuth })).publicKey('gcpkms', name, soon())).toBe(pem);
    expect(urls).toEqual([
      'https://cloudkms.googleapis.com/v1/projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/3/publicKey',
    ]);
  });

  it.each([
    ['awskms', 'evil.test/alias/cosign', 'endpoints in'],
    ['awskms', '/a b', 'malformed'],
    ['gcpkms', 'projects/p/locations/eu/keyRings/r/cryptoKeys/k', 'needs its version'],
    ['azurekms', 'evil.test/key', 'malformed'],
    ['azurekms', 'x.vault.azure.net.evil.test/key', 'malformed'],
    ['ftp', 'x', 'there are no keys of'],
    ['__proto__', 'x', 'there are no keys of'],
  ])('%s://%s is refused before anybody is asked', async (scheme, name, why) => {
    const load = async () => expect.fail('a package was loaded');
    expect(await refusalOf(open({}, load).publicKey(scheme, name, soon()))).toContain(why);
  });

  it.each<[object, string]>([
    [{}, 'transient: Google KMS cannot be asked for the key (Error)'],
    [{ status: 500 }, 'transient: Google KMS cannot be asked for the key (500)'],
    [{ status: 404 }, 'invalid-attestor: Google KMS has no such key (404)'],
    [{ status: 403 }, 'denied: Google KMS denies access to the key (403)'],
    [{ name: 'NotFoundException' }, 'invalid-attestor: Google KMS has no such key (NotFoundException)'],
    [{ name: 'AccessDeniedException' }, 'denied: Google KMS denies access to the key (AccessDeniedException)'],
  ])('of what an SDK says, %j, no more is passed on than what it means', async (members, wanted) => {
    class GoogleAuth {
      async request() {
        throw Object.assign(new Error('token ya29.secret was refused'), members);
      }
    }
    const name = 'projects/p/locations/eu/keyRings/r/cryptoKeys/k/versions/1';
    const references = open({}, async () => ({ GoogleAuth }));
    expect(await refusalOf(references.publicKey('gcpkms', name, soon()))).toBe(wanted);
  });

  it('a package that is not there is named by what really looks for it', async () => {
    expect(await refusalOf(open({}).publicKey('azurekms', 'team.vault.azure.net/cosign', soon()))).toBe(
      'invalid-attestor: install `@azure/identity` to use `azurekms://`',
    );
  });

  it('awskms says that it needs a region', async () => {
    class KMSClient {
      async send() {
        throw new Error('Region is missing');
      }
      destroy() {}
    }
    const references = open({}, async () => ({ KMSClient, GetPublicKeyCommand: class {} }));
    expect(await refusalOf(references.publicKey('awskms', '/alias/cosign', soon()))).toContain('AWS_REGION is not set');
  });
});
