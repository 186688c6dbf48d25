import type { EvidenceFailure, EvidenceReason } from '@vouchsafe/engine/facts';
import { PkiError } from '@vouchsafe/kube/pki';

/**
 * A check that did not hold. Checks throw it rather than return it: a refusal nobody looked at must not let the evidence
 * pass. `attempt` turns it into a value at the edge of one piece of evidence.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly failure: EvidenceFailure;

  constructor(reason: EvidenceReason, message: string, detail: { wanted?: string; got?: string } = {}) {
    super(message);
    this.failure = { reason, message, ...detail };
  }
}

export type Attempt<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: EvidenceFailure };

/**
 * Runs checks; the first refusal is the answer. Certificates and DER that cannot be read are refused too, wherever that
 * shows. Anything else is a bug and passes through.
 */
export function attempt<Value>(checks: () => Value): Attempt<Value> {
  try {
    return { ok: true, value: checks() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, failure: error.failure };
    if (error instanceof PkiError) {
      return {
        ok: false,
        failure: { reason: 'bad-signature', message: `the evidence cannot be read: ${error.message}` },
      };
    }
    throw error;
  }
}

/** Runs a reader of certificates or DER; input it does not accept is refused for `reason`. */
export function readOrRefuse<Value>(reason: EvidenceReason, what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError) throw new Refusal(reason, `${what} cannot be read: ${error.message}`);
    throw error;
  }
}

/**
 * Evidence is written by others: what is long is cut, and what would steer a terminal, cannot be seen or turns a text around
 * is shown as `\u{…}`.
 */
export function shown(text: string): string {
  return escaped(text.slice(0, maximumShown + 1), /[^\x20-\x7e\p{L}\p{M}\p{N}\p{P}\p{S}]/gu);
}

/** The same for names that are compared: letters that only look alike are shown apart. */
export function shownName(text: string): string {
  return escaped(text.slice(0, maximumShown + 1), /[^\x20-\x7e]/gu);
}

const maximumShown = 300;

function escaped(text: string, hidden: RegExp): string {
  const clean = text.replaceAll(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return clean.length > maximumShown ? `${clean.slice(0, maximumShown)}…` : clean;
}
