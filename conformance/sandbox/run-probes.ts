/**
 * Replays raw requests recorded on a real API server and compares the answers.
 *
 *   node conformance/sandbox/run-probes.ts --recordings <folder> [--random] [--verbose] [--score <file>]
 *
 * The folder holds `real-cr-probes.jsonl` and `real-probe-crd.yaml`. With --random every name of the
 * recording is replaced first, in requests and expected answers alike.
 */
import { startApiServer } from '@vouchsafe/sandbox';
import { parse as parseYaml } from 'yaml';
import { firstDifference, type Json, normalise, parseBody, sameText } from './normalise.ts';
import { createRawClient, type RawAnswer, type RawClient } from './raw-client.ts';
import { openRecordings } from './recordings.ts';
import { tellScore } from './tell-score.ts';

interface Probe {
  readonly name: string;
  readonly req: { m: string; p: string; ct?: string; acc?: string; body?: Json };
  readonly code: number;
  readonly ct: string;
  readonly warn?: string;
  readonly body: Json;
}

const recordings = openRecordings();
const probes = recordings.lines('real-cr-probes.jsonl') as Probe[]; // as they were recorded
const crd = parseYaml(recordings.read('real-probe-crd.yaml')) as { metadata: { name: string }; spec: Json };

const server = await startApiServer({ controllers: false });
const client = createRawClient(server.port, server.caPem);
await client.send(
  'POST',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldManager=kubectl-client-side-apply',
  JSON.stringify(appliedCrd()),
  { 'Content-Type': 'application/json' },
);
await new Promise((resolve) => setTimeout(resolve, 50));

let equalCodes = 0;
const failures: { name: string; message: string }[] = [];
let equalTexts = 0;
const state = { continueToken: '', watchFrom: '' };
for (const probe of probes) {
  await before(probe.name);
  const answer = await run(client, probe);
  await after(probe.name, answer);
  const recorded = normalise(
    typeof probe.body === 'string'
      ? parseBody(probe.ct.startsWith('text/') ? probe.body : completeLines(probe.body))
      : probe.body,
  );
  const found = normalise(parseBody(answer.text));
  const problem = problemOf(probe, answer, recorded, found);
  equalCodes += answer.code === probe.code ? 1 : 0;
  equalTexts += problem === undefined && sameText(recorded, found) ? 1 : 0;
  if (problem !== undefined) failures.push({ name: probe.name, message: problem });
  else if (recordings.verbose && !sameText(recorded, found)) {
    console.log(
      `${probe.name}: member order\n  ${JSON.stringify(recorded).slice(0, 400)}\n  ${JSON.stringify(found).slice(0, 400)}`,
    );
  }
}
tellScore({ passed: probes.length - failures.length, failures, figures: { equalCodes, equalTexts } }, recordings.score);
client.close();
await server.stop();

function problemOf(probe: Probe, answer: RawAnswer, recorded: Json, found: Json): string | undefined {
  if (probe.name === 'generateName') return differenceOfGenerated(recorded, found);
  if (answer.code !== probe.code)
    return `code: recorded ${probe.code}, found ${answer.code} ${answer.text.slice(0, 300)}`;
  if (answer.contentType !== probe.ct) return `content type: recorded ${probe.ct}, found ${answer.contentType}`;
  if (answer.warning !== probe.warn) return `warning: recorded ${probe.warn}, found ${answer.warning}`;
  return firstDifference(recorded, found);
}

/** Generated names differ in their last five characters. */
function differenceOfGenerated(recorded: Json, found: Json): string | undefined {
  const cut = (value: Json): Json =>
    JSON.parse(JSON.stringify(value).replaceAll(/"(gen-)[a-z0-9]{5}"/g, '"$1<x>"')) as Json;
  return firstDifference(cut(recorded), cut(found));
}

/** A recorded stream may end in the middle of a line. */
function completeLines(text: string): string {
  return text.includes('\n') ? text.slice(0, text.lastIndexOf('\n')) : text;
}

async function run(target: RawClient, { name, req }: Probe): Promise<RawAnswer> {
  const path = req.p
    .replace('continue=C', `continue=${state.continueToken}`)
    .replace('resourceVersion=RV', `resourceVersion=${name === 'watch-rv1' ? '1' : state.watchFrom}`);
  const headers: Record<string, string> = {};
  if (req.acc !== undefined) headers['Accept'] = req.acc;
  if (path.includes('watch=true')) {
    return target.stream(
      path,
      headers,
      name === 'watch-timeout' ? 1500 : 250,
      name === 'watch-rv' ? () => touch('g1') : undefined,
    );
  }
  const body = await bodyOf(req);
  if (body !== undefined || req.m !== 'GET') headers['Content-Type'] = req.ct ?? 'application/json';
  return target.send(req.m, path, body, headers);
}

async function bodyOf(req: Probe['req']): Promise<string | undefined> {
  if (req.body === undefined) return undefined;
  if (req.body !== '<get+spec>') return typeof req.body === 'string' ? req.body : JSON.stringify(req.body);
  const current = JSON.parse((await client.send('GET', req.p.split('?')[0] ?? '', undefined, {})).text);
  return JSON.stringify({ ...current, spec: { ...current.spec, size: 3 } });
}

function collection(): string {
  return (probes[0]?.req.p ?? '').split('?')[0] ?? '';
}

function widget(name: string, labels?: Record<string, string>): string {
  const first = probes[0]?.req.body as { apiVersion: string; kind: string; spec: Json };
  return JSON.stringify({
    apiVersion: first.apiVersion,
    kind: first.kind,
    metadata: { name, ...(labels ? { labels } : {}) },
    spec: { size: 1 },
  });
}

async function post(body: string): Promise<void> {
  await client.send('POST', collection(), body, { 'Content-Type': 'application/json' });
}

async function merge(name: string, patch: Json): Promise<void> {
  await client.send('PATCH', `${collection()}/${name}`, JSON.stringify(patch), {
    'Content-Type': 'application/merge-patch+json',
  });
}

async function remove(name: string): Promise<void> {
  await client.send('DELETE', `${collection()}/${name}`, undefined, {});
}

async function touch(name: string): Promise<void> {
  await post(widget(name, { w: '1' }));
  await merge(name, { metadata: { labels: { w: '2' } } });
  await remove(name);
}

/** Steps the recording made between its probes. */
async function before(name: string): Promise<void> {
  if (name === 'del-precond') await post(widget(recordings.rename('e')));
  if (name === 'del-foreground') await post(widget(recordings.rename('f')));
  if (name === 'watch-rv') state.watchFrom = await currentVersion();
  if (name === 'watch-label') {
    await post(widget('g2', { w: '1' }));
    await merge('g2', { metadata: { labels: { w: '2' } } });
    await merge('g2', { metadata: { labels: { w: '1' } } });
    await remove('g2');
  }
}

async function after(name: string, answer: RawAnswer): Promise<void> {
  if (name === 'list-limit') state.continueToken = JSON.parse(answer.text).metadata.continue;
  if (name === 'generateName') await remove(JSON.parse(answer.text).metadata.name);
  if (name === 'del-badprop') await merge(recordings.rename('f'), { metadata: { finalizers: null } });
}

async function currentVersion(): Promise<string> {
  return JSON.parse((await client.send('GET', `${collection()}?limit=1`, undefined, {})).text).metadata.resourceVersion;
}

/** The definition as `kubectl apply` sends it. */
function appliedCrd(): Json {
  const plain = sorted({ ...crd, metadata: { ...crd.metadata, annotations: {} } } as Json) as {
    metadata: { name: string };
  };
  const applied = `${JSON.stringify(plain)}\n`;
  return {
    ...plain,
    metadata: { ...plain.metadata, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': applied } },
  } as Json;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
