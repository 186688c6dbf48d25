import type { TraceStep } from '@vouchsafe/engine';

export type RowResult = 'Pass' | 'Fail' | 'Skip' | 'Not run';

/** One line of the table: one expectation on one resource. */
export interface TestRow {
  readonly id: number;
  readonly policy: string;
  readonly rule: string;
  /** `apiVersion/kind/namespace/name`, or the name of a generated object. */
  readonly resource: string;
  readonly result: RowResult;
  readonly reason: string;
  readonly message: string;
  /** Of rows that fail: where the manifest expects it, as `path:line`. */
  readonly place?: string;
  /** Why the rule decided as it did; shown for rows that fail. */
  readonly trace: readonly TraceStep[];
}

export interface RowCounts {
  readonly passed: number;
  readonly failed: number;
  readonly notRun: number;
}

export function countRows(rows: readonly TestRow[]): RowCounts {
  const of = (result: RowResult): number => rows.filter((row) => row.result === result).length;
  return { passed: of('Pass') + of('Skip'), failed: of('Fail'), notRun: of('Not run') };
}
