import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import type { Answer } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { Refusal } from '../trust/refusal.ts';
import type { KeyProvider } from './key-provider.ts';

const maximumBytes = 1024 * 1024;
/** Names of keys, and of the engine's mount, as they may stand in a path. */
const namePattern = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?$/;
const mountPattern = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+){0,7}$/;

/**
 * `hashivault://key`: the newest version of a key of Vault's (and OpenBao's) transit engine, asked for by one request to
 * `VAULT_ADDR`. Variables as cosign has them: VAULT_TOKEN (else the file ~/.vault-token), VAULT_NAMESPACE, VAULT_CACERT, TRANSIT_SECRET_ENGINE_PATH.
 * https://developer.hashicorp.com/vault/api-docs/secret/transit#read-key
 */
export const vaultKeys: KeyProvider = {
  scheme: 'hashivault',
  async publicKey(name, context) {
    const { environment, connections, userAgent, signal } = context;
    if (!namePattern.test(name)) throw invalid('the name of the key in Vault is malformed');
    const url = vaultUrl(environment, name);
    const token = await tokenOf(environment);
    const namespace = environment['VAULT_NAMESPACE'];
    const asked = connections.exchange(
      {
        url,
        method: 'GET',
        headers: {
          'user-agent': userAgent,
          accept: 'application/json',
          'x-vault-token': token,
          'x-vault-request': 'true',
          ...(namespace === undefined || namespace === '' ? {} : { 'x-vault-namespace': namespace }),
        },
        maximumBytes,
        ca: await authorityOf(environment),
        insecure: false,
        // The operator of this process named the address; an agent beside it is usual.
        loopbackHost: url.host,
      },
      signal,
    );
    const answer = await asked.catch((error: unknown) => {
      if (!(error instanceof RegistryFailure)) throw error;
      throw new RegistryFailure(error.class, `Vault at \`${url.host}\` cannot be asked for the key`, error.code);
    });
    return readKey(readAnswer(answer, name), name);
  },
};

function vaultUrl(environment: Environment, name: string): URL {
  const address = environment['VAULT_ADDR'] ?? '';
  if (address === '') throw invalid('keys in Vault need its address: VAULT_ADDR is not set');
  const url = URL.parse(address);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '') {
    throw invalid('VAULT_ADDR is not a usable URL');
  }
  const mount = (environment['TRANSIT_SECRET_ENGINE_PATH'] || 'transit').replaceAll(/^\/+|\/+$/g, '');
  if (!mountPattern.test(mount)) throw invalid('TRANSIT_SECRET_ENGINE_PATH is not a path');
  return new URL(`${url.pathname.replace(/\/+$/, '')}/v1/${mount}/keys/${name}`, url.origin);
}

/** As the client of Vault has it: the variable, else the file that a login leaves. */
async function tokenOf(environment: Environment): Promise<string> {
  const named = environment['VAULT_TOKEN'] ?? '';
  const home = environment['HOME'] ?? '';
  const token =
    named === '' && home !== '' ? await readFile(join(home, '.vault-token'), 'utf8').catch(() => '') : named;
  if (token.trim() === '')
    throw invalid('keys in Vault need a token: VAULT_TOKEN is not set, and there is no ~/.vault-token');
  if (/[^\x21-\x7e]/.test(token.trim())) throw invalid('the token for Vault is malformed');
  return token.trim();
}

async function authorityOf(environment: Environment): Promise<string | undefined> {
  const inline = environment['VAULT_CACERT_BYTES'] ?? '';
  if (inline !== '') return inline;
  const file = environment['VAULT_CACERT'] ?? '';
  if (file === '') return undefined;
  return readFile(file, 'utf8').catch(() => {
    throw invalid('the file VAULT_CACERT names cannot be read');
  });
}

function readAnswer(answer: Answer, name: string): JsonObject {
  const { status } = answer;
  if (status === 404) throw invalid(`Vault has no key \`${name}\``);
  if (status === 401 || status === 403) {
    throw new RegistryFailure('denied', `Vault denies access to the key \`${name}\` (${status})`);
  }
  if (status !== 200) throw new RegistryFailure('transient', `Vault answered ${status} for the key \`${name}\``);
  try {
    // JSON.parse gives exactly the Json type.
    const document = JSON.parse(Buffer.from(answer.body).toString('utf8')) as Json;
    const data = isJsonObject(document) ? member(document, 'data') : undefined;
    if (isJsonObject(data)) return data;
  } catch {
    // Said below.
  }
  throw new RegistryFailure('permanent', `Vault's answer about the key \`${name}\` cannot be read`);
}

function readKey(data: JsonObject, name: string): string {
  const versions = member(data, 'keys');
  const latest = member(data, 'latest_version');
  const version = typeof latest === 'number' ? String(latest) : '';
  const text = isJsonObject(versions) ? memberAt(member(versions, version), 'public_key') : undefined;
  if (typeof text !== 'string' || text === '') throw invalid(`the key \`${name}\` in Vault has no public part`);
  return member(data, 'type') === 'ed25519' && !text.startsWith('-----BEGIN ') ? pemOfEd25519(text, name) : text.trim();
}

/** Vault gives the 32 bytes in base64. */
function pemOfEd25519(text: string, name: string): string {
  const raw = Buffer.from(text, 'base64');
  if (raw.length !== 32) throw invalid(`the key \`${name}\` in Vault is malformed`);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function invalid(message: string): Refusal {
  return new Refusal('invalid-attestor', message);
}
