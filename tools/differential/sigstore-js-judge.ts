import { createHash, createPublicKey } from 'node:crypto';
import type { Artefact, Judge, Question, Workshop } from './differential-case.ts';
import type { SigstoreJs } from './sigstore-js.ts';

/**
 * `@sigstore/verify` on the bundle alone: it fetches nothing and does not look at what a statement is about, so subject and
 * type are compared here, as any of its users must. It has no annotations.
 */
export function createSigstoreJsJudge({ verify, bundle, specs }: SigstoreJs, { sigstore }: Workshop): Judge {
  const root = specs.TrustedRoot.fromJSON(sigstore.trustedRoot);
  return {
    name: 'sigstore-js',
    version: '4.1.3',
    answers: ({ type, question }) => type === 'SigstoreBundle' && question.annotations === undefined,
    async judge({ question }, artefact) {
      try {
        const document = JSON.parse(Buffer.from(artefact.evidence).toString('utf8'));
        const entity = verify.toSignedEntity(bundle.bundleFromJSON(document));
        const { signer } = question;
        const trust = verify.toTrustMaterial(root, keyFinderOf(question));
        const verifier = new verify.Verifier(trust, {
          ctlogThreshold: signer.kind === 'identity' ? 1 : 0,
          tlogThreshold: question.isLogWanted ? 1 : 0,
          timestampThreshold: question.isTimeStampWanted || signer.kind === 'identity' ? 1 : 0,
        });
        verifier.verify(entity, policyOf(question));
        const flaw = statementFlaw(document, question, artefact);
        return flaw === undefined ? { verdict: 'accept', words: '' } : { verdict: 'refuse', words: flaw };
      } catch (error) {
        return { verdict: 'refuse', words: error instanceof Error ? error.message.slice(0, 300) : String(error) };
      }
    },
  };
}

/** Keys are named by their hint; only the wanted one is known. */
function keyFinderOf({ signer }: Question): (hint: string) => unknown {
  return (hint) => {
    if (signer.kind !== 'key') throw new Error('no key is trusted');
    const key = createPublicKey(signer.publicKey);
    const own = createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    if (own !== hint) throw new Error('the bundle names another key');
    return { publicKey: key, validFor: () => true };
  };
}

/** Identities are expressions there, which nothing anchors; so they are anchored and escaped here. */
function policyOf({ signer }: Question): unknown {
  if (signer.kind !== 'identity') return undefined;
  const text = (value: string) =>
    signer.isExpression === true ? value : `^${value.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')}$`;
  const subjectAlternativeName = text(signer.subject);
  // Issuers are compared as they are.
  return signer.isExpression === true
    ? { subjectAlternativeName }
    : { subjectAlternativeName, extensions: { issuer: signer.issuer } };
}

function statementFlaw(document: { dsseEnvelope?: { payload: string } }, question: Question, { digest }: Artefact) {
  const statement = JSON.parse(Buffer.from(document.dsseEnvelope?.payload ?? '', 'base64').toString('utf8'));
  const subjects: { digest?: { sha256?: string } }[] = statement.subject ?? [];
  if (!subjects.some((subject) => `sha256:${subject.digest?.sha256}` === digest)) return 'about another image';
  const wanted = question.predicateType ?? 'https://sigstore.dev/cosign/sign/v1';
  return statement.predicateType === wanted ? undefined : 'another predicate type';
}
