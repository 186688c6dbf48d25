import type { ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { byKey, createKey, type Rig, requestFor, startRig } from '../../test/rig.ts';
import { createPauses } from '../verifiers/create-pauses.ts';
import type { EvidenceSet, PieceVerdict } from '../verifiers/verifier.ts';
import { type VerificationServices, verifyDigest } from './verification.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const digest = `sha256:${'a'.repeat(64)}`;
const image = { registry: 'registry.test', repository: 'app', digest };

it('evidence without end is no answer, and does not keep others waiting', async () => {
  const refused: PieceVerdict = { ok: false, failure: { reason: 'bad-signature', message: 'no', evidence: digest } };
  const set: EvidenceSet = {
    hash: 'endless',
    count: 1,
    bytes: 1,
    *judge() {
      for (;;) yield refused;
    },
    list: () => [],
  };
  const request: ImageVerificationRequest = requestFor(`registry.test/app@${digest}`, [
    { entries: [byKey(createKey().publicKey)] },
  ]);
  // Only what judging needs.
  const services = {
    evidence: { get: () => Promise.resolve({ set, fetchedAt: 0 }), fetches: 0 },
    verdicts: { get: () => undefined, set: () => undefined, hits: 0, size: 0 },
    trustRoot: () => rig.trustRoot,
    totalMs: 60,
    now: () => 0,
  } as unknown as VerificationServices;
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 1);
  await expect(verifyDigest(request, image, digest, 0, services)).rejects.toMatchObject({ class: 'timed-out' });
  clearInterval(others);
  expect(turns).toBeGreaterThan(0);
});

it('long work pauses, short work does not', async () => {
  const pause = createPauses();
  let isTurned = false;
  setImmediate(() => {
    isTurned = true;
  });
  for (const end = performance.now() + 12; performance.now() < end; );
  await pause();
  expect(isTurned).toBe(true);
});

it('many long works take turns, and short work comes between them', async () => {
  let turns = 0;
  let most = 0;
  let running = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    most = Math.max(most, running);
    running = 0;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const long = async () => {
    const pause = createPauses();
    for (let step = 0; step < 3; step += 1) {
      for (const end = performance.now() + 11; performance.now() < end; );
      await pause();
      running += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, long));
  isOver = true;
  expect(most).toBe(1);
  expect(turns).toBeGreaterThanOrEqual(24);
});
