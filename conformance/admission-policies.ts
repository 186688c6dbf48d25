import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AdmissionPolicyBinding,
  type CompiledPolicy,
  createEngine,
  type Decision,
  decide,
  type EvaluationRequest,
  loadPolicies,
  type Phase,
  withResource,
} from '@vouchsafe/engine';
import { isEqualJson, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { parse } from 'yaml';
import { requestOf } from '../packages/engine/src/model/request.fixture.ts';

/** What a real API server answered to the creation of one object. */
interface Recorded {
  readonly case: string;
  readonly code: number;
  readonly warn?: string;
  readonly body: JsonObject;
}

export interface AdmissionPolicyReport {
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

/**
 * Holds the engine's ValidatingAdmissionPolicies and MutatingAdmissionPolicies against what an API server did with them:
 * which objects it made, refused and warned about, and in which words.
 */
export async function runAdmissionPolicies(folder: string): Promise<AdmissionPolicyReport> {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const { policies, bindings, diagnostics } = loadPolicies(read('real-vap-map-policies.yaml'), 'policies');
  const [problem] = diagnostics;
  if (problem) throw new Error(problem.message);
  const engine = createEngine({ host: NODE_HOST });
  const compiled = policies.map((policy) => engine.compile(policy, { bindings }).compiled);
  const definition = parse(read('real-probe-crd.yaml')) as JsonObject;
  const outcomes = read('real-vap-map-outcomes.jsonl').trim().split('\n');
  const failures: { name: string; message: string }[] = [];
  for (const line of outcomes) {
    const recorded = JSON.parse(line) as Recorded; // written by the recorder in this shape
    const request = toRequest(recorded.case, definition);
    const message = await compare(recorded, request, compiled.filter(isDefined), bindings);
    if (message !== undefined) failures.push({ name: recorded.case, message });
  }
  return { passed: outcomes.length - failures.length, failures };
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

/** `v-3` asks for size 3, `v-blue` for size 1 in blue; the server sets what the definition has defaults for first. */
function toRequest(name: string, definition: JsonObject): EvaluationRequest {
  const group = String(memberAt(definition, 'spec', 'group'));
  const kind = String(memberAt(definition, 'spec', 'names', 'kind'));
  const plural = String(memberAt(definition, 'spec', 'names', 'plural'));
  const wish = name.slice('v-'.length);
  const size = Number(wish);
  const spec = Number.isInteger(size) ? { color: 'red', size } : { color: wish, size: 1 };
  const metadata = { name, namespace: 'default' };
  return requestOf({ apiVersion: `${group}/v1`, kind, metadata, spec }, { plural });
}

const NO_FACTS = { kinds: new Set<never>(), fetch: async () => [] };

async function compare(
  { code, warn, body }: Recorded,
  request: EvaluationRequest,
  policies: readonly CompiledPolicy[],
  bindings: readonly AdmissionPolicyBinding[],
): Promise<string | undefined> {
  const judge = (asked: EvaluationRequest, phase: Phase) => decide(policies, asked, NO_FACTS, { phase });
  const mutated = (await judge(request, 'mutate')).findLast(({ patched }) => patched)?.patched;
  const object = mutated ?? request.resource ?? {};
  const failures = (await judge(withResource(request, object), 'validate')).flatMap((decision) =>
    toFailures(decision, bindings),
  );
  const warning = failures.find(({ actions }) => actions.includes('Warn'))?.warning;
  const expectedWarning = warn?.replace(/^299 - /, '');
  if (warning !== (expectedWarning && JSON.parse(expectedWarning))) return `warning ${warning}`;
  const refusal = failures.find(({ actions }) => actions.includes('Deny'))?.refusal;
  if (code !== 201) {
    const causes = memberAt(body, 'details', 'causes');
    const [cause] = Array.isArray(causes) ? (causes as readonly Json[]) : [];
    return memberAt(cause, 'message') === refusal ? undefined : `refused: ${refusal}`;
  }
  if (refusal !== undefined) return `refused: ${refusal}`;
  const isSame =
    isEqualJson(memberAt(body, 'spec'), memberAt(object, 'spec')) &&
    isEqualJson(memberAt(body, 'metadata', 'labels'), memberAt(object, 'metadata', 'labels'));
  return isSame ? undefined : `made ${JSON.stringify(object)}`;
}

interface Failure {
  readonly actions: readonly string[];
  readonly refusal: string;
  readonly warning: string;
}

/** In the words of the API server. */
function toFailures({ policy, results }: Decision, bindings: readonly AdmissionPolicyBinding[]): readonly Failure[] {
  return results
    .filter(({ status }) => status === 'fail' || status === 'error')
    .map(({ message, properties = {} }) => {
      const binding = bindings.find(({ name }) => name === properties['binding']);
      const by = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding?.name}'`;
      return {
        actions: binding?.validationActions ?? [],
        refusal: `${by} denied request: ${message}`,
        warning: `Validation failed for ${by}: ${message}`,
      };
    });
}
