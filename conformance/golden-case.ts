import {
  type CompiledPolicy,
  createEngine,
  createPolicyIndex,
  type Decision,
  decide,
  type EvaluationRequest,
  loadPolicies,
  type Phase,
  toAdmissionResponse,
  toRequest,
  withResource,
} from '@vouchsafe/engine';
import type { Fact, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import { EvaluationError, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';

/** What the files of a case hold: plain data, to be handed to a worker. */
export interface GoldenCase {
  readonly name: string;
  readonly policy: string;
  readonly resource: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly request: JsonObject | undefined;
  readonly facts: JsonObject | undefined;
}

/** What happened, in the shape of `expect.yaml`. */
export interface Outcome {
  readonly diagnostics: readonly JsonObject[];
  readonly results: readonly JsonObject[];
  readonly response: JsonObject;
  /** The object after mutation and pinning, with annotations. */
  readonly patched: JsonObject | undefined;
  readonly asked: readonly JsonObject[];
}

/** Runs a case by the engine alone: nothing of Node, so that a browser runs it as well. */
export async function runGoldenCase(golden: GoldenCase): Promise<Outcome> {
  const loaded = loadPolicies(golden.policy, 'policy.yaml');
  const engine = createEngine({ host: TEST_HOST });
  const compilations = loaded.policies.map((policy) => engine.compile(policy, { exceptions: loaded.exceptions }));
  const diagnostics = [...loaded.diagnostics, ...compilations.flatMap((compilation) => compilation.diagnostics)];
  const compiled = compilations.flatMap((compilation) => compilation.compiled ?? []);
  const source = new CaseFacts(golden.facts);
  const request = readRequest(golden);
  const flow = request ? await runFlow(compiled, request, source) : undefined;
  return {
    diagnostics: diagnostics.map(({ severity, code, path, range, message }) => ({
      severity,
      code,
      message,
      ...(path === undefined ? {} : { path }),
      ...(range ? { line: range.line } : {}),
    })),
    results: flow?.decisions.flatMap(toResults) ?? [],
    response: flow?.response ?? {},
    patched: flow?.patched,
    asked: source.asked,
  };
}

interface Flow {
  readonly decisions: readonly Decision[];
  readonly response: JsonObject;
  readonly patched: JsonObject | undefined;
}

/** The two webhooks one after the other, as the API server calls them. */
async function runFlow(
  compiled: readonly CompiledPolicy[],
  request: EvaluationRequest,
  source: FactSource,
): Promise<Flow> {
  const index = createPolicyIndex(compiled);
  const run = (at: EvaluationRequest, phase: Phase): Promise<Decision[]> =>
    decide(index.candidates(at, phase), at, source, { phase });
  const mutations = request.operation === 'DELETE' ? [] : await run(request, 'mutate');
  const mutated = mutations.findLast(({ patched }) => patched)?.patched;
  const pinning = mutated ? withResource(request, mutated) : request;
  const verifications = request.operation === 'DELETE' ? [] : await run(pinning, 'verify-images');
  const first = toAdmissionResponse([...mutations, ...verifications], request, { patch: true });
  const changes = [...mutations, ...verifications];
  if (!first.allowed) return { decisions: changes, response: toJson(first), patched: undefined };
  const pinned = verifications.findLast(({ patched }) => patched)?.patched ?? mutated;
  const validations = await run(pinned ? withResource(request, pinned) : request, 'validate');
  const second = toAdmissionResponse(validations, request);
  const warnings = [...(first.warnings ?? []), ...(second.warnings ?? [])];
  return {
    decisions: [...changes, ...validations],
    response: toJson({
      ...second,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(second.allowed && first.patch ? { patch: first.patch } : {}),
    }),
    patched: pinned,
  };
}

function toJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function toResults({ phase, policy, results }: Decision): JsonObject[] {
  return results.map(({ rule, status, message, path, reason, exceptions, properties }) =>
    toJson({ phase, policy: policy.name, rule, status, message, path, reason, exceptions, properties }),
  );
}

function readRequest({ resource, old, request: given = {} }: GoldenCase): EvaluationRequest | undefined {
  const subject = resource ?? old;
  if (!subject) return undefined;
  const { roles, clusterRoles, namespaceLabels, now, ...admission } = given;
  const [group = '', version = ''] = splitApiVersion(String(subject['apiVersion']));
  const metadata = isJsonObject(subject['metadata']) ? subject['metadata'] : {};
  const document: JsonObject = {
    uid: 'case',
    operation: resource ? 'CREATE' : 'DELETE',
    kind: { group, version, kind: subject['kind'] ?? '' },
    namespace: metadata['namespace'] ?? '',
    name: metadata['name'] ?? '',
    userInfo: { username: 'jane', groups: ['system:authenticated'] },
    object: resource ?? null,
    oldObject: old ?? null,
    ...admission,
  };
  return toRequest(document, {
    roles: (roles ?? []) as readonly string[],
    clusterRoles: (clusterRoles ?? []) as readonly string[],
    namespaceLabels: (namespaceLabels ?? {}) as Readonly<Record<string, string>>,
    now: Date.parse(typeof now === 'string' ? now : '2026-01-01T00:00:00Z'),
  });
}

function splitApiVersion(apiVersion: string): readonly string[] {
  return apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
}

/** Answers from `facts.yaml`: a list of `{request, value}` or `{request, failure: {class, message}}`; a request is given by some of its members. */
class CaseFacts implements FactSource {
  readonly kinds = new Set<FactRequest['kind']>([
    'config-map',
    'resource',
    'api-call',
    'service-call',
    'global-context',
    'image-data',
    'image-digest',
    'image-verification',
  ]);
  readonly asked: JsonObject[] = [];
  readonly #facts: readonly JsonObject[];

  constructor(document: JsonObject | undefined) {
    const facts = document?.['facts'];
    this.#facts = Array.isArray(facts) ? facts.filter(isJsonObject) : [];
  }

  async fetch(requests: readonly FactRequest[]): Promise<readonly Fact<Json>[]> {
    return requests.map((request) => {
      const asked = toJson(request);
      this.asked.push(asked);
      const known = this.#facts.find((fact) => contains(asked, fact['request'] ?? null));
      if (!known) return { ok: false, class: 'unavailable', message: 'the case knows no such fact' };
      const failure = known['failure'];
      if (isJsonObject(failure)) return { ok: false, ...failure } as Fact<Json>;
      return { ok: true, value: known['value'] ?? null };
    });
  }
}

/** Whether `part` is in `whole`: members of objects by name, anything else equal. */
export function contains(whole: Json | undefined, part: Json): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && whole.length === part.length && part.every((item: Json, at) => contains(whole[at], item))
    );
  }
  if (!isJsonObject(part)) return whole === part;
  return isJsonObject(whole) && Object.entries(part).every(([key, value]) => contains(whole[key], value));
}

const TEST_HOST = {
  hash: (algorithm: 'sha256' | 'sha1' | 'md5', text: string) => `${algorithm} of ${text.length} characters`,
  decodeCertificate: () => new EvaluationError('certificates are not part of the cases'),
  random: () => 0.5,
};
