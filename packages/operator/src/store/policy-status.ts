import type { JsonObject } from '@vouchsafe/engine/kernel';
import { isEqualJson, isError, memberAt } from '@vouchsafe/engine/kernel';
import { describeProblems } from './cel-policy-status.ts';
import { type GenerationState, NOT_GENERATED } from './generation-state.ts';
import type { StoredPolicy } from './policy-store.ts';

/** Most problems told in a status message. */
export const MAX_SHOWN = 5;

/**
 * The `status` a policy should have (kyverno-core §4.1): Ready once it is compiled and `isServed` by the webhooks, the
 * rule counts, the rules that autogen wrote. `undefined` when the stored status already says so.
 */
export function computePolicyStatus(
  stored: StoredPolicy,
  isServed: boolean,
  now: Date,
  { generated, message: generation }: GenerationState = NOT_GENERATED,
): JsonObject | undefined {
  const { compiled, document, diagnostics } = stored;
  const isReady = compiled !== undefined && isServed;
  const before = memberAt(document, 'status');
  const message = isReady ? 'Ready' : compiled ? 'Not Ready' : describeProblems(diagnostics.filter(isError), MAX_SHOWN);
  const condition = {
    type: 'Ready',
    status: isReady ? 'True' : 'False',
    reason: isReady ? 'Succeeded' : 'Failed',
    message,
  };
  const conditions = memberAt(before, 'conditions');
  const known = Array.isArray(conditions) ? conditions.find((item) => memberAt(item, 'type') === 'Ready') : undefined;
  const isSame = Object.entries(condition).every(([key, value]) => memberAt(known, key) === value);
  const status: JsonObject = {
    autogen: compiled && compiled.autogenRules.length > 0 ? { rules: compiled.autogenRules } : {},
    conditions: [
      {
        lastTransitionTime: isSame
          ? (memberAt(known, 'lastTransitionTime') ?? '')
          : now.toISOString().replace(/\.\d+Z$/, 'Z'),
        ...condition,
      },
    ],
    rulecount: countRules(document),
    validatingadmissionpolicy: { generated, message: generation },
  };
  const isUnchanged =
    isSame &&
    isEqualJson(memberAt(before, 'rulecount'), status['rulecount']) &&
    (memberAt(before, 'validatingadmissionpolicy', 'generated') ?? false) === generated &&
    (memberAt(before, 'validatingadmissionpolicy', 'message') ?? '') === generation;
  return isUnchanged ? undefined : status;
}

/** Counts the rules as the user wrote them, without those of autogen. */
function countRules(document: JsonObject): JsonObject {
  const rules = memberAt(document, 'spec', 'rules');
  const count = (name: string) =>
    Array.isArray(rules) ? rules.filter((rule) => memberAt(rule, name) !== undefined).length : 0;
  return {
    generate: count('generate'),
    mutate: count('mutate'),
    validate: count('validate'),
    verifyimages: count('verifyImages'),
  };
}
