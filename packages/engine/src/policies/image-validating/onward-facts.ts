import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { FactTable, Need } from '../../facts/fact-table.ts';

/**
 * The facts of an evaluation that goes on past what it does not know of one image, so that one pass notes what all images
 * need. What such an evaluation finds is a guess and must not count: whoever evaluates throws `missing` at the end.
 */
export class OnwardFacts extends FactTable {
  readonly #facts: FactTable;
  #missing: Need | undefined;

  constructor(facts: FactTable) {
    super();
    this.#facts = facts;
  }

  /** Set once something was missing and passed over. */
  get missing(): Need | undefined {
    return this.#missing;
  }

  /** The fact, or `undefined` when it is missing: noted, and passed over. */
  override find(request: FactRequest): Fact | undefined {
    const found = this.#facts.find(request);
    if (!found) this.#missing ??= new Need(request);
    return found;
  }

  /** On the strength of a guess nothing is asked of the world but about images. */
  override get(request: FactRequest): Fact {
    if (this.#missing && !isAboutImage(request)) throw this.#missing;
    return this.#facts.get(request);
  }

  override prefetch(request: FactRequest): void {
    this.#facts.prefetch(request);
  }
}

function isAboutImage({ kind }: FactRequest): boolean {
  return kind === 'image-data' || kind === 'image-digest' || kind === 'image-verification';
}
