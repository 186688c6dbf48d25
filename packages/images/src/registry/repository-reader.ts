import { createHash } from 'node:crypto';
import { isJsonObject, isModestJson, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { isDigest } from '../names/image-name.ts';
import { evidenceTag } from '../names/signature-location.ts';
import { boundedReferrers, manifestBytesOf } from './bounded-referrers.ts';
import type { Answer } from './connections.ts';
import type { RegistryLimits } from './limits.ts';
import { type Descriptor, type Manifest, manifestMediaTypes, readDescriptors } from './manifest.ts';
import { RegistryFailure } from './registry-failure.ts';

/** Reads one repository under one access. All methods reject with {@link RegistryFailure} only. */
export interface RepositoryReader {
  /** The digest a tag resolves to. One request. */
  resolve(tag: string, signal: AbortSignal): Promise<string>;
  /** The manifest or index by tag or digest; undefined when there is none. A digest is checked against the bytes. */
  manifest(reference: string, signal: AbortSignal): Promise<Manifest | undefined>;
  /** A blob of at most `maximumBytes`, checked against its digest. */
  blob(digest: string, maximumBytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** What refers to `digest`: the referrers API with its pages, else the fallback tag. Bounded by the limits. */
  referrers(digest: string, signal: AbortSignal): Promise<Descriptor[]>;
  /**
   * What the fallback tag names beside the referrers the API lists: added before the registry knew the API, which should list
   * it from then on, but not every registry does. Empty where the tag was looked at already.
   */
  unlistedReferrers(digest: string, signal: AbortSignal): Promise<Descriptor[]>;
  /** The manifest of a referrer, no longer than its descriptor says; undefined when there is none. */
  referrer(descriptor: Descriptor, signal: AbortSignal): Promise<Manifest | undefined>;
}

/** What the reader of one repository works with; `send` authenticates, follows and retries. */
export interface ReaderContext {
  readonly host: string;
  readonly repository: string;
  readonly limits: RegistryLimits;
  send(path: string, accept: string, maximumBytes: number, signal: AbortSignal, head?: boolean): Promise<Answer>;
}

const maximumPages = 10;

export function createRepositoryReader(context: ReaderContext): RepositoryReader {
  const { host, repository, limits, send } = context;
  const accept = manifestMediaTypes.join(', ');
  const manifestPath = (reference: string): string => `/v2/${repository}/manifests/${reference}`;
  const subject = (reference: string): string =>
    `\`${repository}${isDigest(reference) ? '@' : ':'}${reference}\` at \`${host}\``;

  async function manifest(
    reference: string,
    signal: AbortSignal,
    maximumBytes = limits.manifestBytes,
  ): Promise<Manifest | undefined> {
    const answer = await send(manifestPath(reference), accept, maximumBytes, signal);
    if (answer.status === 404) return undefined;
    checkStatus(answer, subject(reference), host);
    const document = readDocument(answer, subject(reference));
    const digest = digestOf(answer.body);
    const claimed = answer.header('docker-content-digest');
    const wanted = isDigest(reference) ? reference : isDigest(claimed) ? claimed : digest;
    if (digest !== wanted) throw wrongDigest(subject(reference), wanted, digest);
    return { digest, size: answer.body.length, document };
  }

  async function taggedReferrers(digest: string, signal: AbortSignal): Promise<Descriptor[]> {
    const index = await manifest(evidenceTag(digest, ''), signal);
    return index === undefined ? [] : boundedReferrers(readDescriptors(index, 'manifests'), limits, subject(digest));
  }

  return {
    manifest: (reference, signal) => manifest(reference, signal),
    async resolve(tag, signal) {
      const answer = await send(manifestPath(tag), accept, limits.manifestBytes, signal, true);
      if (answer.status === 404) throw new RegistryFailure('not-found', `image ${subject(tag)} does not exist`);
      const claimed = answer.header('docker-content-digest');
      if (answer.status === 200 && isDigest(claimed)) return claimed;
      // Some registries answer HEAD badly; GET tells the truth, or a proper error.
      const found = await manifest(tag, signal);
      if (found === undefined) throw new RegistryFailure('not-found', `image ${subject(tag)} does not exist`);
      return found.digest;
    },
    async blob(digest, maximumBytes, signal) {
      const answer = await send(`/v2/${repository}/blobs/${digest}`, '*/*', maximumBytes, signal);
      if (answer.status === 404) throw new RegistryFailure('permanent', `blob ${subject(digest)} does not exist`);
      checkStatus(answer, subject(digest), host);
      const actual = digestOf(answer.body);
      if (actual !== digest) throw wrongDigest(subject(digest), digest, actual);
      return answer.body;
    },
    async referrers(digest, signal) {
      const listed = await listReferrers(context, digest, signal);
      return listed.length > 0 ? listed : taggedReferrers(digest, signal);
    },
    async unlistedReferrers(digest, signal) {
      const listed = new Set((await listReferrers(context, digest, signal)).map((one) => one.digest));
      if (listed.size === 0) return [];
      return (await taggedReferrers(digest, signal)).filter((one) => !listed.has(one.digest));
    },
    referrer: (descriptor, signal) => manifest(descriptor.digest, signal, manifestBytesOf(descriptor, limits)),
  };
}

/** All pages of the referrers API; empty when the registry does not have it. */
async function listReferrers(context: ReaderContext, digest: string, signal: AbortSignal): Promise<Descriptor[]> {
  const { host, repository, limits, send } = context;
  const found: Descriptor[] = [];
  const what = `referrers of \`${repository}@${digest}\` at \`${host}\``;
  let path: string | undefined = `/v2/${repository}/referrers/${digest}`;
  for (let page = 0; path !== undefined; page += 1) {
    if (page === maximumPages) throw new RegistryFailure('permanent', `${what}: more than ${maximumPages} pages`);
    const answer = await send(path, manifestMediaTypes[1], limits.manifestBytes, signal);
    // Registries without the API answer in many ways; what they do not have is then looked for by tag.
    if (page === 0 && [400, 404, 405, 406, 501].includes(answer.status)) return [];
    checkStatus(answer, what, host);
    // What is no index is an answer to another question: the registry does not know this one.
    if (page === 0 && !isIndex(answer)) return [];
    const document = readDocument(answer, what);
    found.push(...readDescriptors({ digest: '', size: 0, document }, 'manifests'));
    boundedReferrers(found, limits, what);
    path = nextPage(answer, what);
  }
  return found;
}

/** The `rel="next"` link, which must stay on the referrers of the same host. */
function nextPage(answer: Answer, what: string): string | undefined {
  const link = answer.headers('link').find((value) => /rel="?next"?/.test(value));
  if (link === undefined) return undefined;
  const end = link.indexOf('>');
  const url = link.startsWith('<') && end > 0 ? URL.parse(link.slice(1, end), answer.url.href) : null;
  if (url === null || url.origin !== answer.url.origin || url.pathname !== answer.url.pathname) {
    throw new RegistryFailure('permanent', `${what}: the link to the next page leads elsewhere`);
  }
  return `${url.pathname}${url.search}`;
}

function isIndex(answer: Answer): boolean {
  const type = (answer.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return type === '' || type === 'application/json' || type === manifestMediaTypes[1];
}

function checkStatus(answer: Answer, what: string, host: string): void {
  const { status } = answer;
  if (status === 200) return;
  if (status === 401 || status === 403) {
    throw new RegistryFailure('denied', `registry \`${host}\` denies access to ${what} (${status})`);
  }
  if (status === 404) throw new RegistryFailure('not-found', `${what} does not exist`);
  const isTransient = status === 429 || status === 408 || status >= 500;
  throw new RegistryFailure(
    isTransient ? 'transient' : 'permanent',
    `registry \`${host}\` answered ${status} for ${what}`,
  );
}

function readDocument(answer: Answer, what: string): JsonObject {
  if (!isModestJson(answer.body)) {
    throw new RegistryFailure('permanent', `${what}: the answer holds more objects and lists than a registry's would`);
  }
  const text = Buffer.from(answer.body).toString('utf8');
  const isHtml = (answer.header('content-type') ?? '').includes('html') || text.trimStart().startsWith('<');
  if (isHtml) throw new RegistryFailure('permanent', `${what}: the answer is a web page, not a registry's`);
  let document: Json;
  try {
    // JSON.parse gives exactly the Json type.
    document = JSON.parse(text) as Json;
  } catch {
    throw new RegistryFailure('permanent', `${what}: the answer is not JSON`);
  }
  if (!isJsonObject(document)) throw new RegistryFailure('permanent', `${what}: the answer is not a JSON object`);
  return document;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function wrongDigest(what: string, wanted: string, got: string): RegistryFailure {
  return new RegistryFailure('permanent', `content of ${what} has the wrong digest: wanted ${wanted}, got ${got}`);
}
