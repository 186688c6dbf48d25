import { formatDiagnostic, isJsonObject } from '@vouchsafe/engine/kernel';
import { InputProblem } from './input-problem.ts';
import { shownPath } from './policy-set.ts';
import { readSource } from './read-source.ts';
import { readText } from './read-text.ts';
import type { InputResource } from './resources.ts';

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
