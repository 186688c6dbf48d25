/**
 * Replays creates against ValidatingAdmissionPolicies and MutatingAdmissionPolicies recorded on a real server.
 *
 *   node conformance/sandbox/run-policies.ts --recordings <folder> [--random] [--score <file>]
 */
import { startApiServer } from '@vouchsafe/sandbox';
import { parse, parseAllDocuments } from 'yaml';
import { firstDifference, type Json, normalise, parseBody } from './normalise.ts';
import { createRawClient } from './raw-client.ts';
import { openRecordings } from './recordings.ts';
import { tellScore } from './tell-score.ts';

const recordings = openRecordings();
const crd = parse(recordings.read('real-probe-crd.yaml')) as {
  spec: { group: string; names: { kind: string; plural: string }; versions: unknown[] };
};
const { group, names } = crd.spec;
interface Outcome {
  readonly case: string;
  readonly code: number;
  readonly warn?: string;
  readonly body: Json;
}
const outcomes = recordings.lines('real-vap-map-outcomes.jsonl') as Outcome[]; // as they were recorded

const server = await startApiServer({ controllers: false });
const client = createRawClient(server.port, server.caPem);
const post = (path: string, body: unknown) =>
  client.send('POST', path, JSON.stringify(body), { 'Content-Type': 'application/json' });
await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
for (const document of parseAllDocuments(recordings.read('real-vap-map-policies.yaml'))) {
  const policy = document.toJS() as { kind: string };
  const plural = policy.kind.toLowerCase().replace(/y$/, 'ie');
  const made = await post(`/apis/admissionregistration.k8s.io/v1/${plural}s`, policy);
  if (made.code !== 201) console.log(`policy: ${made.text}`);
}
const failures: { name: string; message: string }[] = [];
for (const outcome of outcomes) {
  const suffix = outcome.case.slice('v-'.length);
  const size = Number(suffix);
  const spec = recordings.rename(JSON.stringify(Number.isInteger(size) ? { size } : { size: 1, color: suffix }));
  const answer = await post(`/apis/${group}/v1/namespaces/default/${names.plural}`, {
    apiVersion: `${group}/v1`,
    kind: names.kind,
    metadata: { name: outcome.case },
    spec: JSON.parse(spec) as Json,
  });
  const problem =
    (answer.code === outcome.code ? undefined : `code ${answer.code} ${answer.text}`) ??
    (answer.warning === outcome.warn ? undefined : `warning ${answer.warning}`) ??
    firstDifference(normalise(outcome.body), normalise(parseBody(answer.text)));
  if (problem !== undefined) failures.push({ name: outcome.case, message: problem });
}
tellScore({ passed: outcomes.length - failures.length, failures }, recordings.score);
client.close();
await server.stop();
