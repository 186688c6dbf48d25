/** Cost units that all expressions of one policy may use for one request, as in Kubernetes. */
const UNITS = 10_000_000;

/** What is left to spend. */
export class CostBudget {
  #left = UNITS;

  spend(cost: number): void {
    this.#left -= cost;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }
}

export const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';
