import { CelRecord, celTypes } from '@vouchsafe/cel';
import type { Attestor, ImageVerificationType } from '../../facts/attestor.ts';

/** What an attestor of a policy asks of signatures. */
export interface EvaluatedAttestor {
  readonly name: string;
  /** The formats its signatures may have: one of them suffices. */
  readonly types: readonly ImageVerificationType[];
  readonly attestor: Attestor;
  /** `namespace/name` of Secrets for the registry that holds the signatures. */
  readonly secrets: readonly string[];
}

const ATTESTOR = celTypes.opaqueType('kyverno.Attestor');

/**
 * `attestors.<name>` in expressions. It can be handed on and nothing else: an expression neither reads nor makes one, so that
 * only attestors the policy declares ever verify.
 */
export class AttestorValue extends CelRecord {
  readonly celType = ATTESTOR;
  readonly evaluated: EvaluatedAttestor;

  constructor(evaluated: EvaluatedAttestor) {
    super();
    this.evaluated = evaluated;
  }

  override get(): undefined {
    return undefined;
  }

  override has(): boolean {
    return false;
  }

  equals(other: unknown): boolean {
    return other === this;
  }
}
