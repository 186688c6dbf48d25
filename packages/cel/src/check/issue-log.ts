import { type CelIssue, issueAt } from '../syntax/source.ts';
import { type CelType, ERROR_TYPE, formatType } from '../values/cel-type.ts';

/** Collects what is wrong with an expression, in the original's words. A lenient log keeps nothing. */
export class IssueLog {
  readonly issues: CelIssue[] = [];
  readonly lenient: boolean;
  readonly #text: string;
  readonly #container: string;

  constructor(text: string, container: string, lenient: boolean) {
    this.#text = text;
    this.#container = container;
    this.lenient = lenient;
  }

  add(position: number, message: string): void {
    if (!this.lenient) this.issues.push(issueAt(this.#text, position, message));
  }

  undeclared(position: number, name: string): CelType {
    this.add(position, `undeclared reference to '${name}' (in container '${this.#container}')`);
    return ERROR_TYPE;
  }

  mismatch(position: number, expected: CelType, found: CelType): void {
    this.add(position, `expected type '${formatType(expected)}' but found '${formatType(found)}'`);
  }

  /** No overload takes these types; the first is the target's when it is a member that was called. */
  noOverload(position: number, name: string, types: readonly CelType[], member: boolean): CelType {
    const shown = types.map(formatType);
    const target = member ? `${shown.shift()}.` : '';
    this.add(position, `found no matching overload for '${name}' applied to '${target}(${shown.join(', ')})'`);
    return ERROR_TYPE;
  }
}
