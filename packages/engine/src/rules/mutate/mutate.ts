import { isJsonArray, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import type { RuleBody, RuleBodyOutcome, RuleCompilation, RuleKind } from '../rule-kind.ts';
import { compileForeach, toMutation } from './foreach.ts';
import { type Mutation, type MutationOutcome, mutatedMessage } from './mutation.ts';
import { compilePatcher } from './patcher.ts';
import { compileTargets } from './targets.ts';

/** `mutate` rules: patches of the resource itself, or of existing resources (kyverno-core §2.11). */
export const mutate: RuleKind = {
  name: 'mutate',
  reads: (rule) => rule.mutate !== undefined,
  compile: (compilation) => {
    const block = compilation.rule.mutate ?? {};
    const targets = member(block, 'targets');
    return isJsonArray(targets) && targets.length > 0
      ? compileExisting(targets, block, compilation)
      : compileOwn(block, compilation);
  },
};

const ADMISSION_PHASES: ReadonlySet<Phase> = new Set<Phase>(['mutate']);
/** Existing resources are changed in the background, with the generate rules; outside of admission also at once. */
const EXISTING_PHASES: ReadonlySet<Phase> = new Set<Phase>(['mutate', 'generate']);

function compileOwn(block: JsonObject, compilation: RuleCompilation): RuleBody {
  const mutation = compileMutation(block, compilation);
  return {
    type: 'Mutation',
    phases: ADMISSION_PHASES,
    evaluate: ({ input, scope }) => toOutcome(mutation(input.resource, scope, input.facts)),
  };
}

function compileExisting(
  targets: Parameters<typeof compileTargets>[0],
  block: JsonObject,
  compilation: RuleCompilation,
): RuleBody {
  const run = compileTargets(targets, compileMutation(block, compilation), compilation);
  return {
    type: 'Mutation',
    phases: EXISTING_PHASES,
    applies: ({ phase, request }) => phase !== 'mutate' || request.admission === undefined,
    evaluate: ({ input, scope }) => run(scope, input.facts),
  };
}

function compileMutation(block: JsonObject, compilation: RuleCompilation): Mutation {
  const { host, report, rule } = compilation;
  const path = appendDocumentPath(rule.path, 'mutate');
  const foreach = member(block, 'foreach');
  if (isJsonArray(foreach)) {
    return compileForeach(foreach, { ...compilation, path: appendDocumentPath(path, 'foreach'), nesting: 0 });
  }
  return toMutation(compilePatcher(block, { host, report, path, isWholeRule: true }));
}

function toOutcome(outcome: MutationOutcome): RuleBodyOutcome {
  if (outcome.status !== 'pass') return outcome;
  return { status: 'pass', message: mutatedMessage(outcome.resource), resource: outcome.resource };
}
