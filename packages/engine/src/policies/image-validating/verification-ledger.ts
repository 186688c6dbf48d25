import type { EvidenceReason } from '../../facts/image-verification.ts';
import type { OnwardFacts } from './onward-facts.ts';
import { isDoubt } from './unchanged-images.ts';

/** Why an attestor did not vouch for an image. */
export interface RefusedEvidence {
  readonly attestor?: string;
  readonly reason?: EvidenceReason;
  readonly message?: string;
}

/** What one evaluation verified. Only the functions that verify write here, so that no expression can claim anything. */
export class VerificationLedger {
  readonly #facts: OnwardFacts;
  readonly #verified = new Map<string, string>();
  readonly #refused = new Map<string, RefusedEvidence>();

  constructor(facts: OnwardFacts) {
    this.#facts = facts;
  }

  /** Once verified an image stays so, in whatever order the expressions ask. */
  verify(image: string, digest: string): void {
    this.#verified.set(image, digest);
  }

  refuse(image: string, evidence: RefusedEvidence): void {
    if (!this.#refused.has(image)) this.#refused.set(image, evidence);
  }

  /** Digests by the images as written. */
  get verified(): ReadonlyMap<string, string> {
    return this.#verified;
  }

  /** Those that were asked about and not verified, with the first refusal of each. */
  get refused(): ReadonlyMap<string, RefusedEvidence> {
    return new Map([...this.#refused].filter(([image]) => !this.#verified.has(image)));
  }

  /** Why an error with this message is but a doubt: what it says of an image may be otherwise in a moment. */
  doubtOf(message: string): EvidenceReason | undefined {
    const refused = [...this.#refused.values()];
    return refused.find(({ reason, message: told }) => told && isDoubt(reason) && message.includes(told))?.reason;
  }

  /** Ends an evaluation that cannot go on with guesses. */
  raiseMissing(): void {
    if (this.#facts.missing) throw this.#facts.missing;
  }
}
