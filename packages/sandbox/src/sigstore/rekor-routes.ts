import { joinPem } from '@vouchsafe/kube/pki';
import type { ProposedEntry } from './canonicalise-entry.ts';
import type { RekorV2Request } from './rekor-v2.ts';
import { jsonAnswer, refusal, type ServiceAnswer, type ServiceRequest, type ServiceRoute } from './service-routes.ts';
import type { SigstoreServices } from './sigstore-services.ts';

const ENTRIES = '/api/v1/log/entries';

/** The parts of Rekor's v1 and v2 APIs that signers and online verifiers use. */
export function rekorRoutes(services: SigstoreServices): ServiceRoute[] {
  const { rekor, rekorV2 } = services;
  return [
    ({ method, path, json }) => (method === 'POST' && path === ENTRIES ? appendV1(services, json()) : undefined),
    ({ method, path, json }) =>
      method === 'POST' && path === `${ENTRIES}/retrieve` ? retrieve(services, json()) : undefined,
    ({ method, path, json }) =>
      method === 'POST' && path === '/api/v1/index/retrieve'
        ? jsonAnswer(rekor.search(String(json()['hash'] ?? '')))
        : undefined,
    (request) => readEntry(services, request),
    ({ path }) =>
      path === '/api/v1/log/publicKey'
        ? { status: 200, contentType: 'application/x-pem-file', body: joinPem('PUBLIC KEY', rekor.key.spki) }
        : undefined,
    ({ path }) => (path === '/api/v1/log' ? jsonAnswer(rekor.info()) : undefined),
    ({ method, path, json }) => {
      if (method !== 'POST' || path !== '/api/v2/log/entries') return undefined;
      // The members are looked at by the log; anything malformed throws there and is refused here.
      return attempt(() => {
        const entry = rekorV2.append(json() as RekorV2Request);
        return 'refused' in entry ? refusal(400, entry.refused) : jsonAnswer(entry, 201);
      });
    },
  ];
}

function appendV1(services: SigstoreServices, body: Record<string, unknown>): ServiceAnswer {
  const { kind, apiVersion, spec } = body;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return refusal(400, 'the entry has no kind');
  const proposed: ProposedEntry = { kind, apiVersion, spec };
  const added = services.rekor.append(proposed);
  if ('refused' in added) return refusal(400, added.refused);
  const headers = { location: `${ENTRIES}/${added.uuid}`, etag: added.uuid };
  return jsonAnswer({ [added.uuid]: added.entry }, 201, headers);
}

function readEntry({ rekor }: SigstoreServices, { method, path, url }: ServiceRequest): ServiceAnswer | undefined {
  if (method !== 'GET' || !path.startsWith(ENTRIES)) return undefined;
  const uuid = path.slice(ENTRIES.length + 1);
  const entry = uuid === '' ? undefined : rekor.entry(uuid);
  if (entry !== undefined) return jsonAnswer({ [uuid]: entry });
  const found = uuid === '' ? rekor.entryAt(Number(url.searchParams.get('logIndex') ?? -1)) : undefined;
  return found === undefined ? refusal(404, 'no such entry') : jsonAnswer({ [found.uuid]: found.entry });
}

function retrieve({ rekor }: SigstoreServices, body: Record<string, unknown>): ServiceAnswer {
  const uuids = listOf(body['entryUUIDs']).flatMap((uuid) => {
    const entry = rekor.entry(String(uuid));
    return entry === undefined ? [] : [{ [String(uuid)]: entry }];
  });
  const indexed = listOf(body['logIndexes']).flatMap((index) => {
    const found = rekor.entryAt(Number(index));
    return found === undefined ? [] : [{ [found.uuid]: found.entry }];
  });
  return jsonAnswer([...uuids, ...indexed]);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, 10) : [];
}

function attempt(answer: () => ServiceAnswer): ServiceAnswer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof TypeError) return refusal(400, 'the entry is malformed');
    throw error;
  }
}
