import { askVerification, createImageSource, parseTrustRoot } from '@vouchsafe/images';
import { attestorOf, type Judge, type Workshop } from './differential-case.ts';

const host = 'differential.test';

/** The verifier under test, asked as the engine asks it, over HTTP. */
export function createOwnJudge({ registry, sigstore }: Workshop): Judge {
  const parsed = parseTrustRoot(JSON.stringify(sigstore.trustedRoot));
  if (!parsed.ok) throw new Error(parsed.message);
  const source = createImageSource({
    hosts: { [host]: { url: registry.url } },
    trustRoot: parsed.root,
    cache: { maxSize: 0, ttlMs: 0 },
    userAgent: 'vouchsafe-differential',
  });
  return {
    name: 'vouchsafe',
    version: 'this tree',
    answers: () => true,
    async judge({ question, type }, { repository, digest }) {
      const sets = [{ entries: [attestorOf(question, sigstore.pem.timestampChain)] }];
      const { predicateType } = question;
      const fact = await askVerification(source, {
        kind: 'image-verification',
        reference: `${host}/${repository}@${digest}`,
        type,
        attestors: predicateType === undefined ? sets : [],
        attestations: predicateType === undefined ? [] : [{ type: predicateType, attestors: sets }],
        annotations: question.annotations ?? {},
        cosignOCI11: false,
        useCache: false,
        access: { allowInsecure: false, providers: [], secrets: [] },
      });
      if (!fact.ok) return { verdict: 'refuse', words: fact.message };
      const verification = fact.value;
      if (verification.verified) return { verdict: 'accept', words: '' };
      const outcomes = [...verification.sets, ...verification.attestations.flatMap(({ sets: inner }) => inner)];
      const [failure] = outcomes.flatMap(({ entries }) => entries.flatMap(({ failures }) => failures));
      return { verdict: 'refuse', words: failure === undefined ? 'refused' : `${failure.reason}: ${failure.message}` };
    },
    stop: () => source.close(),
  };
}
