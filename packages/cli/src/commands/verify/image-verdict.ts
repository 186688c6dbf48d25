import type { RuleResult } from '@vouchsafe/engine';
import type { EvidenceFailure, Fact, FactFailureClass, ImageVerification } from '@vouchsafe/engine/facts';

type Signer = NonNullable<ImageVerification['sets'][number]['entries'][number]['signer']>;

/** A result of a policy's rule, and the policy it is of. */
export interface PolicyResult extends RuleResult {
  readonly policy: string;
}

/** Why an image is not vouched for, or could not be looked at. */
export interface Finding {
  /** An `EvidenceReason`, or the like of a rule. */
  readonly reason: string;
  readonly message: string;
  /** The digest of the evidence it is about. */
  readonly evidence?: string;
  /** What was found in place of what was looked for. */
  readonly got?: string;
}

/** What is told of one image, whatever it was judged by. */
export interface ImageVerdict {
  /** As it was asked for. */
  readonly image: string;
  readonly status: 'verified' | 'refused' | 'unknown';
  readonly digest: string | undefined;
  /** What is known of those who vouch for it, and of the rules that hold: names and values. */
  readonly vouchers: readonly (readonly [string, string])[];
  /** Empty for a verified image. */
  readonly findings: readonly Finding[];
  /** All there is to know, for programs. */
  readonly details: object;
}

/** The words of messages and reports for what kept an image from being looked at. */
const reasons: Readonly<Record<FactFailureClass, string>> = {
  'not-found': 'not-found',
  denied: 'registry-denied',
  permanent: 'permanent',
  'timed-out': 'timed-out',
  transient: 'registry-unreachable',
  unavailable: 'unavailable',
};

/**
 * Of the verdicts for several formats: one that holds, else one that is not known, else the refusal that tells the most.
 * They are of one image, and never none. `formats` are those that were asked for: that there is one of them is no news.
 */
export function nearestVerdict(
  verdicts: readonly [ImageVerdict, ...ImageVerdict[]],
  formats: readonly string[],
): ImageVerdict {
  const isSignature = ({ findings }: ImageVerdict) => !['unsigned', 'other-format'].includes(findings[0]?.reason ?? '');
  const isNews = ({ findings: [first] }: ImageVerdict) =>
    first?.reason === 'other-format' && first.got?.split(' and ').some((format) => !formats.includes(format)) === true;
  return (
    verdicts.find(({ status }) => status === 'verified') ??
    verdicts.find(({ status }) => status === 'unknown') ??
    verdicts.find(isSignature) ??
    verdicts.find(isNews) ??
    verdicts.find(({ findings }) => findings[0]?.reason === 'unsigned') ??
    verdicts[0]
  );
}

/** By the answer to one question about it. */
export function verdictOfFact(image: string, fact: Fact<ImageVerification>): ImageVerdict {
  if (!fact.ok) {
    const failure = { class: fact.class, message: fact.message };
    const findings = [{ reason: reasons[fact.class], message: fact.message }];
    const details = { verified: false, failure };
    return { image, status: 'unknown', digest: undefined, vouchers: [], findings, details };
  }
  const { verified, digest, sets } = fact.value;
  const entries = sets.flatMap((set) => set.entries);
  const signers = entries.flatMap((entry) => (entry.verified && entry.signer ? [entry.signer] : []));
  const failures = entries.flatMap((entry) => (entry.verified ? [] : entry.failures));
  return {
    image,
    status: verified ? 'verified' : 'refused',
    digest,
    vouchers: signers.flatMap(vouchersOf),
    findings: verified ? [] : failures.map(findingOf),
    details: fact.value,
  };
}

function vouchersOf({ integratedTime, ...signer }: Signer): readonly (readonly [string, string])[] {
  const known = Object.entries(signer).filter(([, value]) => value !== '');
  return integratedTime === undefined ? known : [...known, ['logged', integratedTime]];
}

function findingOf({ reason, message, evidence, got }: EvidenceFailure): Finding {
  return { reason, message, ...(evidence === undefined ? {} : { evidence }), ...(got === undefined ? {} : { got }) };
}

/** By what policies said of a Pod with it. An image that no rule verifies is vouched for by nobody. */
export function verdictOfPolicies(image: string, results: readonly PolicyResult[]): ImageVerdict {
  const holds = results.filter(({ status }) => status === 'pass');
  const others = results.filter(({ status }) => status !== 'pass');
  const isKnown = results.every(({ status }) => status !== 'error');
  const isVerified = holds.length > 0 && others.every(({ status }) => status === 'skip');
  const findings = others.map((result) => ({
    reason: result.reason ?? result.status,
    message: `${nameOf(result)}: ${result.message}`,
  }));
  if (results.length === 0) findings.push({ reason: 'unmatched', message: 'no rule of the policies verifies it' });
  const told = results.map(({ policy, rule, status, reason, message }) => ({
    policy,
    rule,
    status,
    ...(reason === undefined ? {} : { reason }),
    message,
  }));
  return {
    image,
    status: isVerified ? 'verified' : isKnown ? 'refused' : 'unknown',
    digest: results.flatMap(digestsOf)[0],
    vouchers: holds.map((result) => ['policy', `${nameOf(result)}: ${result.message}`] as const),
    findings: isVerified ? [] : findings,
    details: { verified: isVerified, results: told },
  };
}

function digestsOf({ images = [], claims }: PolicyResult): readonly string[] {
  return [...images.flatMap(({ digest }) => digest ?? []), ...Object.values(claims?.verified ?? {})];
}

function nameOf({ policy, rule }: PolicyResult): string {
  return `${policy}/${rule}`;
}
