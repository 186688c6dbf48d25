import type {
  AttestationOutcome,
  Attestor,
  AttestorOutcome,
  AttestorSet,
  AttestorSetOutcome,
  EvidenceFailure,
} from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { Refusal } from '../trust/refusal.ts';
import type { Signer } from '../trust/vouch.ts';

/** What one attestor finds: who vouched, and (for attestations) in which statements. */
export type AttestorVerdict =
  | { readonly verified: true; readonly signer: Signer; readonly statements: readonly TimedStatement[] }
  | { readonly verified: false; readonly failures: readonly EvidenceFailure[] };

export interface TimedStatement {
  readonly statement: JsonObject;
  /** When it was signed, in milliseconds; undefined when nobody vouches for it. */
  readonly time: number | undefined;
}

/** Judges one entry that is not a nested set; undefined: an attestation without attestors, anybody may have signed. */
export type JudgeEntry = (attestor: Attestor | undefined) => Promise<AttestorVerdict>;

const maximumDepth = 8;
const maximumEntries = 200;

/**
 * Judges a set as Kyverno does (kyverno-core §3.5): several keys in one text are several entries, `count` of the entries
 * must hold, all when there is none, and nothing more is asked once enough do.
 */
export async function judgeSet(
  set: AttestorSet,
  path: string,
  judge: JudgeEntry,
  depth = 0,
): Promise<{ outcome: AttestorSetOutcome; statements: readonly TimedStatement[] }> {
  const entries = splitKeys(set.entries);
  const requiredCount = requiredOf(set.count, entries.length);
  const flaw = flawOf(entries, requiredCount, depth);
  if (flaw !== undefined) {
    const failure: EvidenceFailure = { reason: 'invalid-attestor', message: flaw };
    const entry: AttestorOutcome = { path, verified: false, failures: [failure] };
    return { outcome: { verifiedCount: 0, requiredCount, entries: [entry] }, statements: [] };
  }
  const outcomes: AttestorOutcome[] = [];
  const statements: TimedStatement[] = [];
  let verifiedCount = 0;
  for (const [index, entry] of entries.entries()) {
    const isEnough = verifiedCount >= requiredCount;
    if (isEnough && !(set.isExhaustive === true && statements.length > 0)) break;
    const judged = await judgeEntry(entry, `${path}.entries[${index}]`, judge, depth);
    outcomes.push(judged.outcome);
    if (!judged.outcome.verified) continue;
    verifiedCount += 1;
    addStatements(statements, judged.statements);
  }
  return { outcome: { verifiedCount, requiredCount, entries: outcomes }, statements };
}

/** Adds those that are not among them yet: several attestors may have signed one statement. */
export function addStatements(known: TimedStatement[], more: readonly TimedStatement[]): void {
  for (const one of more) if (!known.some(({ statement }) => statement === one.statement)) known.push(one);
}

export function isSatisfied(outcome: AttestorSetOutcome): boolean {
  return outcome.requiredCount > 0 && outcome.verifiedCount >= outcome.requiredCount;
}

export function isAttested(outcome: AttestationOutcome): boolean {
  return outcome.statements.length > 0 && outcome.sets.length > 0 && outcome.sets.every(isSatisfied);
}

async function judgeEntry(
  entry: Attestor,
  path: string,
  judge: JudgeEntry,
  depth: number,
): Promise<{ outcome: AttestorOutcome; statements: readonly TimedStatement[] }> {
  if (entry.attestor !== undefined) {
    const nested = await judgeSet(entry.attestor, `${path}.attestor`, judge, depth + 1);
    const verified = isSatisfied(nested.outcome);
    const failures = verified ? [] : nested.outcome.entries.flatMap((inner) => inner.failures);
    const signer = nested.outcome.entries.find((inner) => inner.verified)?.signer;
    const outcome = { path: `${path}.attestor`, verified, failures, ...(verified && signer ? { signer } : {}) };
    return { outcome, statements: nested.statements };
  }
  const kind = entry.keys ? '.keys' : entry.certificates ? '.certificates' : entry.keyless ? '.keyless' : '';
  const verdict = await judge(entry).catch(verdictOfRefusal);
  return verdict.verified
    ? {
        outcome: { path: `${path}${kind}`, verified: true, failures: [], signer: verdict.signer },
        statements: verdict.statements,
      }
    : { outcome: { path: `${path}${kind}`, verified: false, failures: verdict.failures }, statements: [] };
}

/** A refusal is this entry's failure; anything else ends the whole question. */
function verdictOfRefusal(error: unknown): AttestorVerdict {
  if (error instanceof Refusal) return { verified: false, failures: [error.failure] };
  throw error;
}

function requiredOf(count: number | undefined, entries: number): number {
  return count === undefined || count === 0 ? Math.max(entries, 1) : count;
}

function flawOf(entries: readonly Attestor[], requiredCount: number, depth: number): string | undefined {
  if (entries.length === 0) return 'an entry is required';
  if (depth > maximumDepth) return `attestors are nested more than ${maximumDepth} deep`;
  if (entries.length > maximumEntries) return `a set has more than ${maximumEntries} entries`;
  if (requiredCount < 0 || !Number.isInteger(requiredCount)) return 'the count is not a positive number';
  return requiredCount > entries.length ? 'the count exceeds the number of entries' : undefined;
}

const keyEnd = '-----END PUBLIC KEY-----';

/** One entry for each key of a text with several. What follows the last key is kept, to be refused if it is no key. */
function splitKeys(entries: readonly Attestor[]): readonly Attestor[] {
  return entries.flatMap((entry) => {
    const { keys } = entry;
    const parts = (keys?.publicKeys ?? '').split(keyEnd);
    if (keys === undefined || parts.length <= 2) return [entry];
    const rest = parts.at(-1)?.trim() ?? '';
    const texts = parts.slice(0, -1).map((part) => `${part.trimStart()}${keyEnd}\n`);
    return [...texts, ...(rest === '' ? [] : [rest])].map((publicKeys) => ({
      ...entry,
      keys: { ...keys, publicKeys },
    }));
  });
}
