import { type Activation, CelError, type CelHost, type CelValue } from '@vouchsafe/cel';
import type { RegistryAccess } from '../../facts/fact-request.ts';
import type { EvidenceReason } from '../../facts/image-verification.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { parseImageReference } from '../../kernel/image-reference.ts';
import { defineMember, type Json } from '../../kernel/json.ts';
import { evaluateAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { traceExpressions } from '../../lang/cel/expression-trace.ts';
import { exemptedResult } from '../../lang/cel/policy-exceptions.ts';
import type { PolicyScope } from '../../lang/cel/policy-language.ts';
import { conditionsHold } from '../../lang/cel/policy-parts.ts';
import { extendActivation, withVariables } from '../../lang/cel/policy-scope.ts';
import { findFailure } from '../../lang/cel/validations.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { ImageClaims, RuleResult } from '../../model/decision.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { ImageValidatingParts } from './compile-parts.ts';
import { ImageEvidence } from './image-evidence.ts';
import { createImageFunctions } from './image-functions.ts';
import type { ImageLists } from './image-lists.ts';
import { OnwardFacts } from './onward-facts.ts';
import { withPullSecrets } from './pod-spec.ts';
import { changesNoImage } from './unchanged-images.ts';
import { VerificationLedger } from './verification-ledger.ts';

/** What a result says beside what all results of the policy say. */
export type Verdict = Pick<RuleResult, 'status' | 'message'> & Partial<RuleResult>;

/** What the parts of an evaluation share. */
export interface Judging {
  /** What a trace calls the rule. */
  readonly name: string;
  readonly parts: ImageValidatingParts;
  readonly input: RuleInput;
  readonly matches: (request: EvaluationRequest) => boolean;
  readonly activation: (input: RuleInput) => Activation;
  readonly createHost: (input: RuleInput) => CelHost;
}

/**
 * Judges an object that the constraints match: conditions, exceptions, digests, validations (kyverno-cel §4.6). What is
 * required is told as claims, which are settled when all policies of the request are decided. `undefined`: the policy is not
 * about the object. Throws only `Need`.
 */
export function judge(judging: Judging): Verdict | undefined {
  const { name, input } = judging;
  const facts = new OnwardFacts(input.facts);
  const seeing: RuleInput = { ...input, facts };
  const bare: PolicyScope = { activation: judging.activation(seeing), host: judging.createHost(seeing) };
  return traceExpressions(bare, name, input.trace, (scope) => judgeSeeing(judging, seeing, facts, scope));
}

function judgeSeeing(judging: Judging, seeing: RuleInput, facts: OnwardFacts, bare: PolicyScope): Verdict | undefined {
  const { name, parts, input } = judging;
  const early = settleEarly(parts, bare, input.request.now);
  if (early !== 'on') return early;
  const images = selectImages(parts, seeing, bare);
  if (images instanceof CelError) return notEvaluated(images);
  const undigested = parts.demands.verifyDigest ? withoutDigest(images.all) : undefined;
  if (undigested !== undefined) {
    return { status: 'fail', message: `image ${undigested} does not have a digest`, reason: 'missing-digest' };
  }
  const ledger = new VerificationLedger(facts);
  const access = withPullSecrets(parts.access, input);
  const verdict = judgeImages({ parts, bare, facts, ledger, images, access });
  if (facts.missing) throw facts.missing;
  trace(name, input, ledger);
  const doubt = verdict.status === 'error' ? ledger.doubtOf(verdict.message) : undefined;
  if (doubt && isUnchanged(judging, input, bare, images)) return excused(verdict, doubt, images, ledger);
  return { ...verdict, ...reasonOf(verdict, ledger), claims: toClaims(parts, images, ledger) };
}

function isUnchanged(
  { parts, matches, activation }: Judging,
  input: RuleInput,
  { host }: PolicyScope,
  now: SelectedImages,
) {
  const isJudged = (scope: PolicyScope) => settleEarly(parts, scope, input.request.now) === 'on';
  return changesNoImage(now.lists, { input, matches, activation, host, extract: parts.extract, isJudged });
}

/** A registry that is away keeps nobody from changing what runs already, as long as no image changes. */
function excused(
  { message }: Verdict,
  reason: EvidenceReason,
  { all }: SelectedImages,
  { verified }: VerificationLedger,
): Verdict {
  return {
    status: 'skip',
    message: `the images were not verified again, as this update changes none: ${message}`,
    reason,
    claims: { verified: Object.fromEntries(verified), refused: [], required: [], excused: all },
  };
}

/** Conditions and exceptions; `on` when neither keeps the policy from judging. */
export function settleEarly(parts: ImageValidatingParts, bare: PolicyScope, now: number): Verdict | undefined | 'on' {
  const matched = conditionsHold(parts.conditions, bare);
  if (matched instanceof CelError) return parts.failurePolicy === 'Ignore' ? undefined : notEvaluated(matched);
  if (!matched) return undefined;
  const found = parts.exceptions.find(bare, now);
  if (found instanceof CelError) return notEvaluated(found);
  return found.exemption ? exemptedResult(found.exemption) : 'on';
}

function notEvaluated({ message }: CelError): Verdict {
  return { status: 'error', rule: 'evaluation', message: `failed to evaluate policy: ${message}` };
}

interface SelectedImages {
  /** The variable `images`: every extractor has its list, be it empty. */
  readonly variable: CelValue;
  /** Once each, those that extractors of the policy hide among them. */
  readonly all: readonly string[];
  /** Before they were selected. */
  readonly lists: ImageLists;
}

function selectImages({ extract, selects }: ImageValidatingParts, input: RuleInput, bare: PolicyScope) {
  const found = extract(input, bare);
  if (found instanceof CelError) return found;
  return filterImages(found, (image) => selects(image, bare.host));
}

function filterImages(found: ImageLists, selects: (image: string) => boolean | CelError): SelectedImages | CelError {
  const variable: Record<string, Json> = {};
  const all = new Set<string>();
  for (const [name, images] of [...found.lists, [undefined, found.hidden] as const]) {
    const selected: string[] = [];
    for (const image of images) {
      const isSelected = selects(image);
      if (isSelected instanceof CelError) return isSelected;
      if (!isSelected) continue;
      selected.push(image);
      all.add(image);
    }
    if (name !== undefined) defineMember(variable, name, selected);
  }
  return { variable, all: [...all], lists: found };
}

/** What is no reference has no digest, either. */
function withoutDigest(images: readonly string[]): string | undefined {
  return images.find((image) => {
    const parsed = parseImageReference(image);
    return parsed instanceof EvaluationError || parsed.digest === '';
  });
}

interface JudgedImages {
  readonly parts: ImageValidatingParts;
  readonly bare: PolicyScope;
  readonly facts: OnwardFacts;
  readonly ledger: VerificationLedger;
  readonly images: SelectedImages;
  readonly access: RegistryAccess;
}

function judgeImages({ parts, bare, facts, ledger, images, access }: JudgedImages): Verdict {
  const { settings, selects, attestations } = parts;
  const evidence = new ImageEvidence({ facts, access, settings });
  const host = createImageFunctions({ base: bare.host, selects, attestations, evidence, ledger });
  const scope = scopeOf(parts, { ...bare, host }, images);
  const failure = findFailure(parts.validations, scope);
  if (failure?.status === 'error') return notEvaluated(new CelError(failure.message.replace(/^error: /, '')));
  const properties = parts.annotations.length === 0 ? {} : evaluateAuditAnnotations(parts.annotations, scope);
  if (properties instanceof CelError) return notEvaluated(properties);
  const told = Object.keys(properties).length > 0 ? { properties } : {};
  return failure
    ? { status: 'fail', message: failure.message, ...told }
    : { status: 'pass', message: 'success', ...told };
}

function scopeOf(parts: ImageValidatingParts, bare: PolicyScope, { variable }: SelectedImages): PolicyScope {
  let attestors: CelValue | undefined;
  const activation: Activation = extendActivation(bare.activation, {
    images: variable,
    attestations: parts.attestations.variable,
    get attestors() {
      attestors ??= parts.attestors(scope);
      return attestors;
    },
  });
  const scope: PolicyScope = withVariables({ ...bare, activation }, parts.variables);
  return scope;
}

function toClaims({ demands }: ImageValidatingParts, { all }: SelectedImages, ledger: VerificationLedger): ImageClaims {
  return {
    verified: Object.fromEntries(ledger.verified),
    refused: [...ledger.refused.keys()],
    required: demands.required ? all : [],
  };
}

function reasonOf({ status }: Verdict, { refused }: VerificationLedger): Pick<RuleResult, 'reason'> {
  if (status === 'pass') return {};
  const reason = [...refused.values()].find((evidence) => evidence.reason !== undefined)?.reason;
  return reason === undefined ? {} : { reason };
}

function trace(rule: string, input: RuleInput, { verified, refused }: VerificationLedger): void {
  if (!input.trace) return;
  for (const [image, digest] of verified) {
    input.trace({ rule, step: 'evidence', outcome: 'yes', detail: `${image} is verified as ${digest}` });
  }
  for (const [image, { attestor, message = 'no signature found' }] of refused) {
    const by = attestor === undefined ? '' : ` by ${attestor}`;
    input.trace({ rule, step: 'evidence', outcome: 'no', detail: `${image} is not verified${by}: ${message}` });
  }
}
