import { CelError, type CelHost, type CelValue } from '@vouchsafe/cel';
import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { extendHost } from '../../lang/cel/fact-host.ts';
import type { PolicyAttestations } from './attestations.ts';
import { AttestorValue, type EvaluatedAttestor } from './attestor-value.ts';
import { type ImageEvidence, isNewer, type Vouched } from './image-evidence.ts';
import type { ImageSelection } from './image-selection.ts';
import type { VerificationLedger } from './verification-ledger.ts';

export interface ImageFunctionsOptions {
  /** Answers everything else, `getImageMetadata` among it. */
  readonly base: CelHost;
  readonly selects: ImageSelection;
  readonly attestations: PolicyAttestations;
  readonly evidence: ImageEvidence;
  readonly ledger: VerificationLedger;
}

/**
 * The functions of ImageValidatingPolicies (kyverno-cel §3.4): `verifyImageSignatures`, `verifyAttestationSignatures`,
 * `extractPayload`, `getImageData`. Unlike upstream `extractPayload` hands out what was verified before and nothing else.
 */
export function createImageFunctions({
  base,
  selects,
  attestations,
  evidence,
  ledger,
}: ImageFunctionsOptions): CelHost {
  const payloads = new Map<string, Payload>();

  /** How many of the attestors vouch for the image; none when the policy is not about it. */
  function count(image: string, list: CelValue, vouch: (attestor: EvaluatedAttestor) => Vouched | CelError) {
    const selected = selects(image, base);
    if (selected instanceof CelError) return selected;
    const attestors = toAttestors(list);
    if (attestors instanceof CelError) return attestors;
    if (!selected || attestors.length === 0) return 0;
    let verified = 0;
    for (const attestor of attestors) {
      const answer = vouch(attestor);
      if (answer instanceof CelError) {
        const reason = evidence.failureOf(image);
        ledger.refuse(image, { message: answer.message, ...(reason ? { reason } : {}) });
        return answer;
      }
      if (answer.verified) verified += 1;
      else ledger.refuse(image, { attestor: attestor.name, ...answer });
    }
    const digest = evidence.digestOf(image);
    if (verified > 0 && typeof digest === 'string') ledger.verify(image, digest);
    return verified;
  }

  const getMetadata = (image: string): CelValue | CelError => {
    const data = base.getImageMetadata?.(image) ?? new CelError('images are not asked here');
    const digest = data instanceof CelError ? undefined : digestOf(data);
    return (digest === undefined ? undefined : evidence.noteDigest(image, digest)) ?? data;
  };

  return extendHost(base, {
    getImageMetadata: getMetadata,
    verifyImageSignatures: (image, list) => count(image, list, (attestor) => evidence.vouch(image, attestor)),
    verifyAttestationSignatures(image, name, list) {
      const attestation = attestations.byName.get(name);
      if (!attestation) return new CelError(`attestation not found in policy: ${name}`);
      return count(image, list, (attestor) => {
        const form = attestor.types.includes('Notary') ? 'referrer' : 'intoto';
        if (form !== attestation.form) {
          return form === 'referrer'
            ? new CelError('notary verifier only supports oci 1.1 referrers as attestations')
            : { verified: false, statements: [], message: 'cosign signs in-toto attestations, and no other referrers' };
        }
        const answer = evidence.vouch(image, attestor, attestation);
        if (answer instanceof CelError) return answer;
        const statement = answer.statements.at(-1);
        const known = payloads.get(keyOf(image, name));
        // Several attestors vouch for several statements: the newest counts, in whatever order they are asked about.
        if (statement && !(known && isNewer(known, answer))) payloads.set(keyOf(image, name), { ...answer, statement });
        return answer;
      });
    },
    extractPayload(image, name) {
      const attestation = attestations.byName.get(name);
      if (!attestation) return new CelError(`attestation not found in policy: ${name}`);
      const payload = payloads.get(keyOf(image, name));
      if (payload) return toPayload(payload.statement, attestation.form);
      ledger.raiseMissing();
      return new CelError('failed to get payload: the attestation was not verified before, or did not verify');
    },
    getImageData: (image) => {
      const data = getMetadata(image);
      return data instanceof CelError ? new CelError(`failed to get imagedata: ${data.message}`) : data;
    },
  });
}

interface Payload extends Pick<Vouched, 'newestAt'> {
  readonly statement: JsonObject;
}

/** The digest that data of an image is of, where it tells one. */
function digestOf(data: CelValue): string | undefined {
  const digest = typeof data === 'object' && data !== null && 'digest' in data ? data['digest'] : undefined;
  return typeof digest === 'string' && digest.includes(':') ? digest : undefined;
}

function keyOf(image: string, attestation: string): string {
  return JSON.stringify([image, attestation]);
}

function toAttestors(list: CelValue): readonly EvaluatedAttestor[] | CelError {
  const attestors: EvaluatedAttestor[] = [];
  for (const item of Array.isArray(list) ? list : []) {
    if (!(item instanceof AttestorValue)) return new CelError('attestors of the policy are needed: `attestors.<name>`');
    attestors.push(item.evaluated);
  }
  return attestors;
}

/** The statement as it was signed, or the artifact itself. */
function toPayload(statement: JsonObject, form: 'intoto' | 'referrer'): Json | CelError {
  if (form === 'intoto') {
    const { type: _listed, ...signed } = statement;
    return signed;
  }
  const artifact = member(statement, 'predicate');
  return isJsonObject(artifact) ? artifact : new CelError('failed to get payload: the artifact is no JSON object');
}
