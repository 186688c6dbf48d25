import type { CompiledPolicy, JointTest, PassTest, RuleOutcome } from '../model/compiled-policy.ts';
import type { Demand, JointWalk } from '../model/demand.ts';
import { compileShortDecision, type ShortDecision, type Subject } from './evaluate.ts';

/** The policies of a set, judged together: one walk of the resource tells which of their rules pass by it. */
export interface JointPlan {
  readonly walk: JointWalk;
  /** By the place of the policy in the set: tests that read what the last walk found. */
  readonly passes: readonly (readonly PassTest[] | undefined)[];
  /** Some of them vouch for images that others ask about. */
  readonly isVouching: boolean;
  /** The same as whole decisions, where that is all there is to one. */
  readonly shorts: readonly (ShortDecision | undefined)[];
}

/** Sets that come again and again: by the shape of a request its plan, or how often it came while there is none. */
const plans = new WeakMap<readonly CompiledPolicy[], Map<string, JointPlan | number | undefined>>();
/** A plan costs as much as some requests without. */
const PLANNED_AT = 4;
/** A set that an index answers is for one shape; others meet a few. */
const REMEMBERED = 16;

/** Says that this very list will be decided again: then it is worth a plan. */
export function expectAgain(policies: readonly CompiledPolicy[]): void {
  plans.set(policies, new Map());
}

/** The plan of a set for requests like this one; `undefined` for a set that was not expected, or has nothing to join. */
export function findPlan(policies: readonly CompiledPolicy[], subject: Subject): JointPlan | undefined {
  const known = plans.get(policies);
  if (known === undefined || subject.input === undefined) return undefined;
  const found = known.get(subject.shape);
  if (typeof found === 'object') return found;
  if (found === undefined && known.has(subject.shape)) return undefined;
  const times = (found ?? 0) + 1;
  const plan = times < PLANNED_AT ? undefined : createPlan(policies, subject);
  if (known.size >= REMEMBERED && found === undefined) known.clear();
  known.set(subject.shape, times < PLANNED_AT ? times : plan);
  return plan;
}

function createPlan(policies: readonly CompiledPolicy[], { request, shape, input }: Subject): JointPlan | undefined {
  const demands: Demand[] = [];
  const found: { failed: Uint8Array } = { failed: new Uint8Array(0) };
  let join: JointTest['join'] | undefined;
  const place = (passes: PassTest | undefined, joint: JointTest | undefined): PassTest => {
    if (!joint) return passes ?? NEVER;
    join = joint.join;
    const first = demands.length;
    demands.push(...joint.demands);
    return createTest(first, joint, found);
  };
  const passes = policies.map((policy) => {
    const shaped = input && policy.rulesFor?.(request, input.phase, shape);
    return shaped?.passes && shaped.rules.map(({ ofShape }) => place(ofShape?.passes, ofShape?.joint?.()));
  });
  if (!join) return undefined;
  const walk = join(demands);
  return {
    passes,
    isVouching: policies.some(({ vouchesForOthers }) => vouchesForOthers === true),
    shorts: policies.map((policy, index) => {
      const tests = passes[index];
      return tests && compileShortDecision(policy, tests);
    }),
    walk: (resource) => {
      found.failed = walk(resource);
      return found.failed;
    },
  };
}

const NEVER: PassTest = () => undefined;

function createTest(
  first: number,
  { demands: { length }, passed, isConstant }: JointTest,
  found: { readonly failed: Uint8Array },
): PassTest {
  const known: (RuleOutcome | undefined)[] = Array.from({ length }, () => undefined);
  return (input) => {
    for (let demand = 0; demand < length; demand += 1) {
      if (found.failed[first + demand] !== 0) continue;
      const outcome = known[demand] ?? passed(demand, input);
      if (isConstant) known[demand] = outcome;
      return outcome;
    }
    return undefined;
  };
}
