import type { Finding } from '../../evaluation/finding.ts';

/** The figures of the last line. */
export class ResultCounts {
  pass = 0;
  fail = 0;
  warn = 0;
  error = 0;
  skip = 0;

  add(status: Finding['status'], many = 1): void {
    this[status] += many;
  }

  toLine(): string {
    return `pass: ${this.pass}, fail: ${this.fail}, warn: ${this.warn}, error: ${this.error}, skip: ${this.skip} `;
  }
}
