import { createSign } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { HelperContext } from './credential-helper.ts';
import { readJson, readLifetime, readToken } from './helper-answer.ts';

export interface GoogleToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const scope = 'https://www.googleapis.com/auth/cloud-platform';
/** Whatever addresses a file names: its credentials go to Google alone. */
const tokenUrl = 'https://oauth2.googleapis.com/token';
const exchangeUrl = 'https://sts.googleapis.com/v1/token';
const impersonation =
  /^https:\/\/iamcredentials\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/[\w.@-]{3,200}:generateAccessToken$/;

/**
 * An access token by the file that GOOGLE_APPLICATION_CREDENTIALS names: the key of a service account
 * (https://developers.google.com/identity/protocols/oauth2/service-account), or a workload identity whose own token is in
 * another file (https://google.aip.dev/auth/4117). Rejects with `RegistryFailure`.
 */
export async function askByAccountFile(path: string, context: HelperContext): Promise<GoogleToken> {
  const account = parse(await context.readFile(path));
  const type = member(account, 'type');
  if (type === 'service_account') return askByKey(account, context);
  if (type === 'external_account') return askByWorkloadIdentity(account, context);
  throw unusable('is of a type that is not read');
}

async function askByKey(account: JsonObject, context: HelperContext): Promise<GoogleToken> {
  const seconds = Math.floor(context.now() / 1000);
  const header = { alg: 'RS256', typ: 'JWT', kid: text(account, 'private_key_id') };
  const claims = { iss: text(account, 'client_email'), scope, aud: tokenUrl, iat: seconds, exp: seconds + 3600 };
  const signed = `${encode(header)}.${encode(claims)}`;
  let signature: string;
  try {
    signature = createSign('RSA-SHA256').update(signed).sign(text(account, 'private_key'), 'base64url');
  } catch {
    throw unusable('holds no key that can be used');
  }
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${signed}.${signature}`,
  });
  return askForToken(tokenUrl, form, context);
}

async function askByWorkloadIdentity(account: JsonObject, context: HelperContext): Promise<GoogleToken> {
  const source = memberAt(account, 'credential_source', 'file');
  if (typeof source !== 'string') throw unusable('names no file with the token of the workload');
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: text(account, 'audience'),
    scope,
    subject_token: subjectToken(account, await context.readFile(source)),
    subject_token_type: text(account, 'subject_token_type'),
  });
  const own = await askForToken(exchangeUrl, form, context);
  const url = member(account, 'service_account_impersonation_url');
  if (url === undefined) return own;
  if (typeof url !== 'string' || !impersonation.test(url))
    throw unusable('names no address of Google to impersonate at');
  const what = 'the service account of Google';
  const answer = await context.send({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${own.token}` },
    body: JSON.stringify({ scope: [scope] }),
  });
  const document = readJson(answer, what);
  const until = Date.parse(String(member(document, 'expireTime')));
  return {
    token: readToken(document, 'accessToken', what),
    expiresAt: Number.isNaN(until) ? own.expiresAt : until,
  };
}

/** The whole file, or the member of it that the account names. */
function subjectToken(account: JsonObject, content: string): string {
  if (memberAt(account, 'credential_source', 'format', 'type') !== 'json') return content;
  const field = memberAt(account, 'credential_source', 'format', 'subject_token_field_name');
  return text(parse(content), typeof field === 'string' ? field : '');
}

async function askForToken(url: string, form: URLSearchParams, context: HelperContext): Promise<GoogleToken> {
  const answer = await context.send({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  });
  const what = 'the token service of Google';
  const document = readJson(answer, what);
  return { token: readToken(document, 'access_token', what), expiresAt: context.now() + readLifetime(document) * 1000 };
}

function parse(content: string): JsonObject {
  try {
    // JSON.parse gives exactly the Json type.
    const document = JSON.parse(content) as Json;
    if (isJsonObject(document)) return document;
  } catch {
    // Said below.
  }
  throw unusable('cannot be read');
}

function text(document: JsonObject, key: string): string {
  const value = member(document, key);
  if (typeof value === 'string' && value !== '') return value;
  throw unusable(`has no \`${key}\``);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function unusable(why: string): RegistryFailure {
  return new RegistryFailure('permanent', `the file GOOGLE_APPLICATION_CREDENTIALS names ${why}`);
}
