import type {
  AttestationOutcome,
  Attestor,
  EvidenceFailure,
  ImageVerification,
  ImageVerificationRequest,
} from '@vouchsafe/engine/facts';
import type { KeyReferences } from '../keys/key-references.ts';
import type { SecretKeySource } from '../keys/secret-key-source.ts';
import type { ImageName } from '../names/image-name.ts';
import { type EvidenceLocation, locateEvidence, type SignatureOrigins } from '../names/signature-location.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { judgeWithEd25519ph } from '../trust/ed25519ph.ts';
import { predicateTypeOf } from '../trust/in-toto-statement.ts';
import { Refusal, shown } from '../trust/refusal.ts';
import type { ResolvedAttestor } from '../trust/resolved-attestor.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import type { TufTrustRoots } from '../tuf/tuf-trust-roots.ts';
import { createPauses } from '../verifiers/create-pauses.ts';
import { findVerifier } from '../verifiers/index.ts';
import { steadyMs } from '../verifiers/steady-ms.ts';
import {
  type EvidencePart,
  type EvidenceSet,
  nearestFirst,
  type PieceVerdict,
  type Verifier,
} from '../verifiers/verifier.ts';
import {
  type AttestorVerdict,
  addStatements,
  isAttested,
  isSatisfied,
  judgeSet,
  type TimedStatement,
} from './attestor-sets.ts';
import type { EvidenceStore, StoredEvidence } from './evidence-store.ts';
import { explainAbsence } from './explain-absence.ts';
import { anybody, resolveAttestor } from './resolve-attestor.ts';
import type { VerdictCache } from './verdict-cache.ts';

/** What verifications share. */
export interface VerificationServices {
  readonly client: RegistryClient;
  readonly evidence: EvidenceStore;
  readonly verdicts: VerdictCache;
  readonly trustRoot: () => TrustRoot;
  readonly secretKeys: SecretKeySource | undefined;
  readonly keyReferences: KeyReferences | undefined;
  readonly tufRoots: TufTrustRoots;
  readonly origins: SignatureOrigins;
  /** Milliseconds one question may take. */
  readonly totalMs: number;
  readonly now: () => number;
}

/** An answer and how old the oldest evidence is that it rests on, in milliseconds. */
export interface DatedVerification {
  readonly verification: ImageVerification;
  readonly age: number;
}

/**
 * Answers one question about one digest. Rejects with `RegistryFailure` when the registry kept the answer from being
 * known: an image is only "not verified" when all its evidence was looked at.
 */
export async function verifyDigest(
  request: ImageVerificationRequest,
  image: ImageName,
  digest: string,
  maximumAge: number,
  services: VerificationServices,
): Promise<DatedVerification> {
  const verifier = findVerifier(request.type);
  if (verifier === undefined) throw new RegistryFailure('permanent', `the type \`${request.type}\` is not known`);
  if (request.attestors.length + request.attestations.length === 0) {
    throw new RegistryFailure('permanent', 'there is nothing to verify: no attestors and no attestations');
  }
  const run: Run = {
    request,
    image,
    digest,
    maximumAge,
    services,
    verifier,
    trustRoot: services.trustRoot(),
    signal: once(() => AbortSignal.timeout(services.totalMs)),
    failures: [],
    evidence: new Map(),
    isFresh: false,
    age: 0,
  };
  const sets = [];
  for (const [index, set] of request.attestors.entries()) {
    sets.push((await judgeSet(set, `.attestors[${index}]`, (entry) => judgeEntry(run, entry, 'signatures'))).outcome);
  }
  const attestations: AttestationOutcome[] = [];
  for (const index of request.attestations.keys()) attestations.push(await judgeAttestation(run, index));
  const verified = sets.every(isSatisfied) && attestations.every(isAttested);
  const [failure] = run.failures;
  if (!verified && failure !== undefined) throw failure;
  return { verification: { digest, verified, sets, attestations, fromCache: !run.isFresh }, age: run.age };
}

interface Run {
  readonly request: ImageVerificationRequest;
  readonly image: ImageName;
  readonly digest: string;
  readonly maximumAge: number;
  readonly services: VerificationServices;
  readonly verifier: Verifier;
  readonly trustRoot: TrustRoot;
  /** Made when something is asked of the world: answers from caches need none. */
  readonly signal: () => AbortSignal;
  /** What the registry kept from being known. They matter when the image is not verified without it. */
  readonly failures: RegistryFailure[];
  /** Evidence already at hand, by location and part: one question sees one state of the registry. */
  readonly evidence: Map<string, Promise<StoredEvidence>>;
  /** Something was not answered from caches. */
  isFresh: boolean;
  /** Of the oldest evidence used. */
  age: number;
}

async function judgeAttestation(run: Run, index: number): Promise<AttestationOutcome> {
  const attestation = run.request.attestations[index];
  const { type = '', name, attestors = [] } = attestation ?? {};
  const path = `.attestations[${index}]`;
  const sets = attestors.length > 0 ? attestors : [undefined];
  const outcomes = [];
  const statements: TimedStatement[] = [];
  for (const [at, set] of sets.entries()) {
    // An attestation without attestors is judged as a set of one entry that anybody may have signed.
    const judge = (entry: Attestor | undefined) =>
      judgeEntry(run, set === undefined ? undefined : entry, 'attestations', type);
    const judged = await judgeSet(
      set ?? { entries: [{}] },
      set === undefined ? path : `${path}.attestors[${at}]`,
      judge,
    );
    outcomes.push(judged.outcome);
    addStatements(statements, judged.statements);
  }
  statements.sort(oldestFirst);
  const newestAt = statements.at(-1)?.time;
  return {
    type,
    ...(name === undefined ? {} : { name }),
    sets: outcomes,
    statements: statements.map(({ statement }) => ({ ...statement, type })),
    ...(newestAt === undefined ? {} : { newestAt }),
  };
}

/**
 * In the order they were signed, whatever order a registry lists them in: whoever may write there can put an old attestation
 * behind a new one again. Those whose time nobody vouches for are the oldest.
 */
function oldestFirst(left: TimedStatement, right: TimedStatement): number {
  return (left.time ?? 0) - (right.time ?? 0);
}

/** Judges one entry; what the registry refuses to tell is noted and counts as not verified. */
async function judgeEntry(
  run: Run,
  entry: Attestor | undefined,
  part: EvidencePart,
  type?: string,
): Promise<AttestorVerdict> {
  try {
    if (type === '') throw new Refusal('invalid-attestor', 'the attestation has no type');
    const attestor = await resolve(run, entry);
    const location = locationOf(run, entry);
    const judge = (set: EvidenceSet) => judgeWithEd25519ph(() => verdictOf(run, set, attestor, type));
    const stored = await evidenceOf(run, location, part);
    const verdict = await judge(stored.set);
    if (verdict.verified) return verdict;
    const unlisted = await unlistedOf(run, location, part);
    if (unlisted !== undefined && unlisted.set.count > 0) return either(verdict, await judge(unlisted.set));
    if (stored.set.count > 0) return verdict;
    stored.hint ??= explainAbsence(run, location, part);
    const hint = await stored.hint;
    return hint === undefined ? verdict : { verified: false, failures: [hint] };
  } catch (error) {
    if (!(error instanceof RegistryFailure)) throw error;
    run.failures.push(error);
    return { verified: false, failures: [evidenceFailureOf(error)] };
  }
}

function resolve(run: Run, entry: Attestor | undefined): Promise<ResolvedAttestor> | ResolvedAttestor {
  if (entry === undefined) return anybody(run.trustRoot);
  const { trustRoot, signal } = run;
  return resolveAttestor(entry, {
    trustRoot,
    signal,
    secretKeys: run.services.secretKeys,
    keyReferences: run.services.keyReferences,
    tufRoots: run.services.tufRoots,
    annotations: run.request.annotations,
  });
}

function locationOf({ image, request, services }: Run, entry: Attestor | undefined): EvidenceLocation {
  const repository = entry?.repository || request.repository;
  const location = locateEvidence(image, repository, entry?.tagPrefix, services.origins);
  if (typeof location === 'string') throw new Refusal('invalid-attestor', location);
  return location;
}

async function evidenceOf(
  run: Run,
  location: EvidenceLocation,
  part: EvidencePart,
  isUnlisted = false,
): Promise<StoredEvidence> {
  const { verifier, digest, request, maximumAge, services } = run;
  const key = JSON.stringify([location, part, isUnlisted]);
  const asked = services.now();
  const found =
    run.evidence.get(key) ??
    services.evidence.get({ verifier, location, digest, part, isUnlisted, request, maximumAge });
  run.evidence.set(key, found);
  const stored = await found;
  if (stored.fetchedAt >= asked) run.isFresh = true;
  run.age = Math.max(run.age, asked - stored.fetchedAt);
  return stored;
}

/**
 * What was signed before the registry knew referrers stays listed by a tag, and not every registry takes it over once it
 * does. Looked at only when the rest does not suffice: it costs requests.
 */
function unlistedOf(run: Run, location: EvidenceLocation, part: EvidencePart) {
  const { verifier, request } = run;
  if (verifier.type === 'Cosign' && !request.cosignOCI11) return undefined;
  return evidenceOf(run, location, part, true);
}

async function verdictOf(
  run: Run,
  set: EvidenceSet,
  attestor: ResolvedAttestor,
  type: string | undefined,
): Promise<AttestorVerdict> {
  const { verdicts, now } = run.services;
  const known = run.request.useCache ? verdicts.get(set, attestor, type) : undefined;
  if (known !== undefined) return known;
  run.isFresh = true;
  const fitting: Extract<PieceVerdict, { ok: true }>[] = [];
  const refused: EvidenceFailure[] = [];
  const pause = createPauses();
  const end = steadyMs() + run.services.totalMs;
  for (const piece of set.judge(attestor, now(), type)) {
    await pause();
    if (steadyMs() > end) throw new RegistryFailure('timed-out', 'the evidence takes too long to be judged');
    if (!piece.ok) refused.push(piece.failure);
    else if (type === undefined || predicateTypeOf(piece.document) === type) fitting.push(piece);
    // Of signatures one suffices; of attestations all are handed over.
    if (type === undefined && fitting.length > 0) break;
  }
  const [first] = fitting;
  if (first === undefined) {
    const failures = refused.length > 0 ? nearestFirst(refused) : [nothingFound(set, type)];
    const verdict: AttestorVerdict = { verified: false, failures };
    verdicts.set(set, attestor, type, verdict, undefined);
    return verdict;
  }
  const verdict: AttestorVerdict = {
    verified: true,
    signer: first.vouched.signer,
    statements:
      type === undefined ? [] : fitting.map(({ document, vouched }) => ({ statement: document, time: vouched.time })),
  };
  const ends = fitting.flatMap(({ vouched }) => vouched.validUntil ?? []);
  verdicts.set(set, attestor, type, verdict, ends.length === 0 ? undefined : Math.min(...ends));
  return verdict;
}

function nothingFound(set: EvidenceSet, type: string | undefined): EvidenceFailure {
  if (type === undefined) {
    const aside = set.aside === undefined ? '' : `: ${set.aside}`;
    return { reason: 'unsigned', message: `no signatures found${aside}` };
  }
  const types = new Set(set.list().flatMap(({ predicateType }) => predicateType ?? []));
  const others = types.size === 0 ? '' : `, but of ${shown([...types].slice(0, 3).join(', '))}`;
  return { reason: 'unsigned', message: `no attestation of type ${type} found${others}` };
}

/** The second verdict when it holds, else both refusals. */
function either(first: AttestorVerdict, second: AttestorVerdict): AttestorVerdict {
  if (first.verified || second.verified) return second;
  return { verified: false, failures: nearestFirst([...second.failures, ...first.failures]) };
}

function evidenceFailureOf(failure: RegistryFailure): EvidenceFailure {
  const reasons = { denied: 'registry-denied', 'timed-out': 'timed-out' } as const;
  const reason = failure.class === 'denied' || failure.class === 'timed-out' ? reasons[failure.class] : undefined;
  return { reason: reason ?? 'registry-unreachable', message: failure.message };
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
