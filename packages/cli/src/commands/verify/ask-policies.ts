import {
  type CompiledPolicy,
  type Decision,
  decide,
  type EvaluationRequest,
  policyKey,
  type RuleResult,
  type TraceStep,
  withResource,
} from '@vouchsafe/engine';
import type { Cancellation, FactSource } from '@vouchsafe/engine/facts';
import { preparePolicies } from '../../evaluation/prepare-policies.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { loadPolicySet } from '../../inputs/policy-set.ts';
import type { PolicyResult } from './image-verdict.ts';

/** The policies of these paths that verify images. Throws `InputProblem`: one that cannot be used must not be passed over. */
export async function loadImagePolicies(paths: readonly string[], folder: string): Promise<readonly CompiledPolicy[]> {
  const set = await loadPolicySet(paths, folder);
  const { exceptions, celExceptions, bindings } = set;
  const prepared = preparePolicies(set.policies, { exceptions, celExceptions, bindings });
  const [problem] = set.problems;
  if (problem !== undefined) throw new InputProblem(`--policy: ${problem.message}`);
  const [unusable] = [...set.invalid, ...set.unsupported, ...prepared.invalid, ...prepared.unsupported];
  if (unusable !== undefined) throw new InputProblem(`--policy: \`${unusable.name}\`: ${unusable.reason}`);
  const verifying = prepared.policies.filter(
    ({ phases, compiled }) => phases.has('verify-images') || compiled.vouchesForOthers === true,
  );
  if (verifying.length === 0) throw new InputProblem('--policy: no policy there verifies images');
  return verifying.map(({ compiled }) => compiled);
}

/** What the policies say of a new Pod whose one container has this image. */
export async function askPolicies(
  image: string,
  policies: readonly CompiledPolicy[],
  { namespace, source, signal, now }: AskOptions,
): Promise<readonly PolicyResult[]> {
  const name = 'image';
  const request: EvaluationRequest = {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    plural: 'pods',
    subresource: '',
    namespace,
    name,
    resource: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { containers: [{ name, image }] },
    },
    oldResource: undefined,
    admission: undefined,
    user: undefined,
    roles: [],
    clusterRoles: [],
    namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
    dryRun: false,
    now,
  };
  const pinned = await decide(policies, request, source, { phase: 'verify-images', signal });
  const pod = pinned.findLast(({ patched }) => patched !== undefined)?.patched;
  const inCel = policies.filter(({ vouchesForOthers }) => vouchesForOthers);
  const judging = pod ? withResource(request, pod) : request;
  const judged =
    inCel.length === 0 ? [] : await decide(inCel, judging, source, { phase: 'validate', signal, trace: true });
  return [...pinned, ...judged].flatMap(toResults);
}

/** A policy that passes without having verified the image vouches for nothing. */
function toResults({ policy, results, trace = [] }: Decision): readonly PolicyResult[] {
  return results
    .filter(({ type }) => type === 'ImageVerify')
    .filter(({ status, claims }) => status !== 'pass' || !claims || Object.keys(claims.verified).length > 0)
    .map((result) => ({ ...result, message: messageOf(result, trace), policy: policyKey(policy) }));
}

/** A policy in CEL says that it refuses in its author's words; what was wrong with the evidence is in the trace. */
function messageOf({ rule, status, message }: RuleResult, trace: readonly TraceStep[]): string {
  if (status !== 'fail') return message;
  const isEvidence = (one: TraceStep) => one.rule === rule && one.step === 'evidence' && one.outcome === 'no';
  return [message, ...trace.filter(isEvidence).map(({ detail }) => detail)].join(': ');
}

interface AskOptions {
  readonly namespace: string;
  readonly source: FactSource;
  readonly signal: Cancellation;
  /** Milliseconds. */
  readonly now: number;
}
