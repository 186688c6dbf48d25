import { isSatisfied } from '../../facts/image-answer.ts';
import type { AttestationOutcome, ImageVerification } from '../../facts/image-verification.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { type Conditions, compileConditions } from '../../lang/conditions/compile-conditions.ts';
import type { TemplateTools } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import type { ImageVerificationEntry, Rule } from '../../model/policy.ts';
import { compileDeny } from './deny-images.ts';
import { describeEntries, type ImageJudgement } from './image-outcome.ts';
import { listedStatement } from './listed-statement.ts';

/** Judges the attestations of an image whose attestors hold already; a pass says what was verified. */
export type AttestationCheck = (image: ExtractedImage, answer: ImageVerification, scope: Scope) => ImageJudgement;

/**
 * Attestations of one entry (kyverno-core §3.6): for each, enough attestors signed it, there is a statement of its type,
 * and its conditions hold for every such statement with the predicate's members as variables. Then, once all hold, the
 * `validate.deny` of every entry of the rule, which sees the predicates under the attestations' names.
 */
export function compileAttestationCheck(
  entry: ImageVerificationEntry,
  rule: Rule,
  tools: TemplateTools,
): AttestationCheck {
  const checks = entry.attestations.map(({ conditions, type, name }) => ({
    type,
    name: name ?? '',
    conditions: conditions.length > 0 ? compileConditions(conditions, tools) : undefined,
  }));
  const denials = rule.verifyImages.flatMap(({ validate }) => (validate ? [compileDeny(validate, tools)] : []));
  return (image, answer, scope) => {
    if (checks.length === 0) return passed(`verified image signatures for ${image.reference}`);
    let known = scope;
    for (const [index, check] of checks.entries()) {
      const outcome = listed(answer.attestations[index]);
      const failure = outcome ? judgeAttestation(image, index, check, outcome, known) : missing(check.type);
      if (failure) return failure;
      if (check.name && outcome) known = known.with({ [check.name]: newestPredicate(outcome) });
    }
    for (const denies of denials) {
      const message = denies(known);
      if (message !== undefined) return failed(`validation in verifyImages failed: ${message}`, 'denied');
    }
    if (denials.length > 0) return passed(`verifyImages validation is passed in ${rule.name} rule`);
    return passed(`verified image attestations for ${image.reference}`);
  };
}

function listed(outcome: AttestationOutcome | undefined): AttestationOutcome | undefined {
  return outcome && { ...outcome, statements: outcome.statements.map(listedStatement) };
}

interface CompiledAttestation {
  readonly type: string;
  readonly name: string;
  readonly conditions: Conditions | undefined;
}

function judgeAttestation(
  image: ExtractedImage,
  index: number,
  check: CompiledAttestation,
  outcome: AttestationOutcome,
  scope: Scope,
): ImageJudgement | undefined {
  for (const set of outcome.sets) {
    if (isSatisfied(set)) continue;
    const reason = set.entries.flatMap(({ failures }) => failures)[0]?.reason;
    const message = unverified(
      set.verifiedCount,
      set.requiredCount,
      describeEntries(set) || 'attestations verification failed',
    );
    return failed(message, reason ?? 'unattested');
  }
  const why =
    outcome.sets.length === 0
      ? `attestions not found for predicate type ${check.type}`
      : statementProblem(image, check, outcome, scope);
  if (why === undefined) return undefined;
  const path = outcome.sets[0]?.entries[0]?.path ?? `.attestations[${index}].attestors[0].entries[0]`;
  return failed(unverified(0, outcome.sets[0]?.requiredCount ?? 1, `${path}: ${why}`), 'attestation-conditions');
}

function unverified(verifiedCount: number, requiredCount: number, error: string): string {
  return `image attestations verification failed, verifiedCount: ${verifiedCount}, requiredCount: ${requiredCount}, error: ${error}`;
}

/** The first statement that does not meet the conditions; the spelling of the first text is upstream's. */
function statementProblem(
  image: ExtractedImage,
  check: CompiledAttestation,
  outcome: AttestationOutcome,
  scope: Scope,
): string | undefined {
  const statements = outcome.statements.filter((statement) => statement['type'] === check.type);
  if (statements.length === 0) return `attestions not found for predicate type ${check.type}`;
  const named = check.name ? scope.with({ [check.name]: newestPredicate(outcome) }) : scope;
  for (const statement of statements) {
    const problem = conditionProblem(check, statement, named);
    if (problem instanceof EvaluationError) return `failed to check attestations: ${problem.message}`;
    if (problem !== undefined) {
      return `attestation checks failed for ${image.reference} and predicate ${check.type}: ${problem}`;
    }
  }
  return undefined;
}

function conditionProblem(
  check: CompiledAttestation,
  statement: JsonObject,
  scope: Scope,
): string | EvaluationError | undefined {
  if (!check.conditions) return undefined;
  const predicate = member(statement, 'predicate');
  if (!isJsonObject(predicate)) return new EvaluationError('failed to extract predicate from statement');
  const outcome = check.conditions.evaluate(scope.with(predicate));
  if (outcome instanceof EvaluationError) return outcome;
  return outcome.value ? undefined : outcome.messages.join('; ');
}

/** What the name of an attestation stands for: an older one says what was so once. */
function newestPredicate({ statements }: AttestationOutcome): Json {
  const newest = statements.findLast((statement) => member(statement, 'predicate') !== undefined);
  return (newest && member(newest, 'predicate')) ?? null;
}

function missing(type: string): ImageJudgement {
  return failed(unverified(0, 1, `attestions not found for predicate type ${type}`), 'unattested');
}

function failed(message: string, reason: string): ImageJudgement {
  return { status: 'fail', message, reason };
}

function passed(message: string): ImageJudgement {
  return { status: 'pass', message };
}
