import { resolve } from 'node:path';
import { findRequestProblem } from '@vouchsafe/engine';
import { formatDiagnostic, isJsonObject } from '@vouchsafe/engine/kernel';
import { InputProblem } from './input-problem.ts';
import { shownPath } from './policy-set.ts';
import { readSource } from './read-source.ts';
import { readText } from './read-text.ts';
import type { CheckedBy, InputResource } from './resources.ts';

/** Files of payloads: any JSON or YAML, or the CheckRequests of an authorization server. */
export interface PayloadPaths {
  readonly json: readonly string[];
  readonly envoy: readonly string[];
  readonly http: readonly string[];
}

/** Throws `InputProblem` for what cannot be read. */
export async function loadAllPayloads(
  { json, envoy, http }: PayloadPaths,
  folder: string,
): Promise<readonly InputResource[]> {
  return [
    ...(await loadPayloads(json, folder)),
    ...(await loadCheckRequests(http, 'HTTP', folder)),
    ...(await loadCheckRequests(envoy, 'Envoy', folder)),
  ];
}

/** CheckRequests as protobuf's JSON (Envoy) or Go's (HTTP) has them; known by their whole path (kyverno-cel §8.2). */
async function loadCheckRequests(
  paths: readonly string[],
  checkedBy: CheckedBy,
  folder: string,
): Promise<readonly InputResource[]> {
  const payloads = await loadPayloads(paths, folder);
  return payloads.map((payload) => {
    const problem = findRequestProblem(checkedBy, payload.object);
    if (problem !== undefined) throw new InputProblem(`${payload.origin}: no CheckRequest of ${checkedBy}: ${problem}`);
    return { ...payload, key: resolve(folder, payload.key), checkedBy };
  });
}

/** Payloads of files, each one mapping in JSON or YAML. Throws `InputProblem` (kyverno-cel §8.1). */
export async function loadPayloads(paths: readonly string[], folder: string): Promise<readonly InputResource[]> {
  return Promise.all(paths.map((path) => loadPayload(path, folder)));
}

async function loadPayload(path: string, folder: string): Promise<InputResource> {
  const origin = shownPath(path, folder);
  const { documents, diagnostics } = readText(await readSource(path, folder), origin);
  const problem = diagnostics.find(({ severity }) => severity === 'error');
  if (problem) throw new InputProblem(formatDiagnostic(problem));
  const [document, ...others] = documents;
  if (!document || others.length > 0) throw new InputProblem(`${origin}: a payload is one document`);
  const { value, sources } = document;
  if (!isJsonObject(value)) throw new InputProblem(`${origin}: a payload is an object`);
  const payload = path.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
  return { object: value, origin, sources, key: path, namespace: '', name: path, payload };
}
