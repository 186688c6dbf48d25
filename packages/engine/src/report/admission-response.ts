import { type Decision, isCelPolicy, type PatchOperation, type RuleResult } from '../model/decision.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { toAnnotationPatch } from './annotation-patch.ts';
import { celBlockedMessage, celWarnings } from './block-cel-decision.ts';
import { blockedMessage } from './block-decision.ts';

/** `response` of an AdmissionReview, but for `patch`, which the shell encodes (base64) and pairs with `patchType`. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly status: 'Failure'; readonly message: string };
  readonly warnings?: readonly string[];
  /** JSON patch, when asked for and not empty. */
  readonly patch?: readonly PatchOperation[];
}

export interface AdmissionResponseOptions {
  /** A mutating webhook answers: patches of the decisions, image annotations before image patches. */
  readonly patch?: boolean;
}

/**
 * The answer to an admission request from the decisions about it, in order: those of the mutate phase, of
 * verify-images, of validate (kyverno-core §4.2). A refusal carries the exact text and fields of Kyverno.
 */
export function toAdmissionResponse(
  decisions: readonly Decision[],
  request: EvaluationRequest,
  options: AdmissionResponseOptions = {},
): AdmissionResponse {
  const uid = typeof request.admission?.['uid'] === 'string' ? request.admission['uid'] : '';
  const isNotable = decisions.some(tellsMore);
  const message = isNotable ? (blockedMessage(decisions) ?? celBlockedMessage(decisions)) : undefined;
  if (message !== undefined) return { uid, allowed: false, status: { status: 'Failure', message } };
  const warnings = isNotable ? decisions.flatMap(toWarnings) : [];
  const patch = options.patch ? toPatch(decisions, request) : [];
  return {
    uid,
    allowed: true,
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(patch.length > 0 ? { patch } : {}),
  };
}

/** More than that rules pass, as nearly all do: that blocks nothing and warns nobody. */
function tellsMore({ results }: Decision): boolean {
  return results.some(({ status, emitWarning }) => status !== 'pass' || emitWarning === true);
}

function toWarnings(decision: Decision): readonly string[] {
  if (decision.standing === 'audit') return [];
  if (isCelPolicy(decision.policy)) return celWarnings(decision);
  return decision.results
    .filter((result: RuleResult) => result.emitWarning === true)
    .map((result) => `policy ${decision.policy.name}.${result.rule}: ${result.message}`);
}

function toPatch(decisions: readonly Decision[], request: EvaluationRequest): PatchOperation[] {
  const mutations = decisions.filter(({ phase }) => phase !== 'verify-images');
  const verifications = decisions.filter(({ phase }) => phase === 'verify-images');
  const mutated = mutations.findLast(({ patched }) => patched !== undefined)?.patched ?? request.resource;
  return [
    ...mutations.flatMap(patchOperations),
    ...toAnnotationPatch(verifications, mutated),
    ...verifications.flatMap(patchOperations),
  ];
}

function patchOperations({ effects }: Decision): PatchOperation[] {
  return effects.flatMap((effect) => (effect.kind === 'patch' ? effect.operations : []));
}
