/**
 * Replays the requests behind the recorded AdmissionReviews and webhook outcomes, with a webhook that
 * behaves as the recording one did, and compares what it got and what clients were answered.
 *
 *   node conformance/sandbox/run-admission.ts --recordings <folder> [--random] [--verbose] [--score <file>]
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { startApiServer } from '@vouchsafe/sandbox';
import { parse as parseYaml } from 'yaml';
import { createLoopbackTls } from '../../packages/kube/src/pki/loopback-tls.fixture.ts';
import { firstDifference, type Json, normalise, parseBody, sameText } from './normalise.ts';
import { createRawClient } from './raw-client.ts';
import { answerReview } from './recording-webhook.ts';
import { openRecordings } from './recordings.ts';
import { tellScore } from './tell-score.ts';

interface Recorded {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly review: { request: { [key: string]: Json } };
}
interface Outcome {
  readonly case: string;
  readonly code: number;
  readonly warn?: string;
  readonly body: Json;
}

const recordings = openRecordings();
const recorded = recordings.lines('real-admission-reviews.jsonl') as Recorded[]; // as they were recorded
const outcomes = recordings.lines('real-webhook-outcomes.jsonl') as Outcome[];
const crd = parseYaml(recordings.read('real-probe-crd.yaml')) as {
  spec: { group: string; names: { kind: string; plural: string }; versions: { name: string }[] };
};
const { group, names } = crd.spec;
const apiVersion = `${group}/v1`;
const collection = `/apis/${apiVersion}/namespaces/default/${names.plural}`;

const seen: Recorded[] = [];
const certificate = createLoopbackTls('webhook');
const webhook = createServer(certificate, (request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  request.on('end', () => {
    const review = JSON.parse(text) as Recorded['review'];
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([key, value]) => [key, key === 'host' ? '<host>' : String(value)]),
    );
    headers['content-length'] = String(text.length === Number(headers['content-length']) ? text.length : -1);
    seen.push({ path: request.url ?? '', headers, review });
    answerReview(request.url ?? '', review as never, response, names.kind);
  });
});
await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
const webhookUrl = `https://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
const server = await startApiServer({ controllers: false });
const client = createRawClient(server.port, server.caPem);
const json = { 'Content-Type': 'application/json' };
const send = (method: string, path: string, body?: Json, headers: Record<string, string> = json) =>
  client.send(method, path, body === undefined ? undefined : JSON.stringify(body), headers);

await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd as never);
for (const [kind, path, operations] of [
  ['Mutating', 'mutate', ['CREATE', 'UPDATE']],
  ['Validating', 'validate', ['CREATE', 'UPDATE', 'DELETE']],
] as const) {
  await send(
    'POST',
    `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`,
    configuration(kind, path, [...operations]),
  );
}

const failures: { name: string; message: string }[] = [];
for (const outcome of outcomes) {
  const answer = await send(
    'POST',
    `${collection}?fieldManager=${recordings.rename('fm')}&fieldValidation=Strict`,
    widget(`h-${outcome.case}`, outcome.case),
  );
  const problem =
    (answer.code === outcome.code ? undefined : `code ${answer.code} ${answer.text}`) ??
    (answer.warning === outcome.warn ? undefined : `warning ${answer.warning}`) ??
    firstDifference(normalise(outcome.body), normalise(parseBody(answer.text)));
  if (problem !== undefined) failures.push({ name: `outcome ${outcome.case}`, message: problem });
}
await laterRequests();

let equalTexts = 0;
for (const [index, expected] of recorded.entries()) {
  const found = seen[index];
  const left = normalise(comparable(expected));
  const right = found === undefined ? null : normalise(comparable(found));
  const problem = firstDifference(left, right);
  equalTexts += problem === undefined && sameText(left, right) ? 1 : 0;
  if (problem !== undefined)
    failures.push({ name: `review ${index + 1} ${expected.path}`, message: problem.slice(0, 400) });
  else if (recordings.verbose && !sameText(left, right))
    console.log(`review ${index}: member order\n ${JSON.stringify(left)}\n ${JSON.stringify(right)}`);
}
if (seen.length > recorded.length) {
  failures.push({ name: 'reviews', message: `${seen.length - recorded.length} more than were recorded` });
}
tellScore(
  { passed: outcomes.length + recorded.length - failures.length, failures, figures: { equalTexts } },
  recordings.score,
);
client.close();
webhook.closeAllConnections();
webhook.close();
await server.stop();

/** The requests the recording made after the cases: dry run, status, apply, generated name, deletes. */
async function laterRequests(): Promise<void> {
  const plain = `${collection}/h-plain`;
  const merge = { 'Content-Type': 'application/merge-patch+json' };
  await send('PATCH', `${plain}?dryRun=All&fieldManager=p`, { spec: { size: 3 } }, merge);
  await send('PATCH', `${plain}/status?fieldManager=p`, { status: { ok: true } }, merge);
  const config = { apiVersion, kind: names.kind, metadata: { name: 'h-plain' }, spec: { size: 9 } };
  await send('PATCH', `${plain}?fieldManager=a&force=true`, config, { 'Content-Type': 'application/apply-patch+yaml' });
  await send('POST', `${collection}?dryRun=All`, { ...widget('h-dry'), metadata: { name: 'h-dry' } });
  await send('POST', collection, { ...widget(''), metadata: { generateName: 'h-gen-' } });
  await send('DELETE', plain);
  await send('DELETE', `${collection}?labelSelector=mutated%3Dyes`);
}

/** The review with its headers; generated names and body lengths differ by nature. */
function comparable({ path, headers, review }: Recorded): Json {
  const { ['content-length']: length, connection: _connection, ...rest } = headers;
  const text = JSON.stringify(review).replaceAll(/"h-gen-[a-z0-9]{5}"/g, '"h-gen-<x>"');
  return {
    path,
    headers: { ...rest, 'content-length': Number(length) > 0 ? 'right' : 'wrong' },
    review: JSON.parse(text) as Json,
  };
}

function widget(name: string, hook?: string): { [key: string]: Json } {
  return {
    apiVersion,
    kind: names.kind,
    metadata: { name, ...(hook === undefined || hook === 'plain' ? {} : { annotations: { hook } }) },
    spec: { size: 1 },
  };
}

function configuration(kind: 'Mutating' | 'Validating', path: string, operations: string[]): Json {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: path },
    webhooks: [
      {
        name: `${path}.hook.dev`,
        clientConfig: { url: `${webhookUrl}/${path}`, caBundle: Buffer.from(certificate.cert).toString('base64') },
        rules: [
          {
            apiGroups: [group],
            apiVersions: ['v1'],
            operations,
            resources: kind === 'Validating' ? [names.plural, `${names.plural}/status`] : [names.plural],
          },
        ],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 2,
      },
    ],
  };
}
