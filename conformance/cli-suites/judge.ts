import type { Expectation } from './manifest.ts';

/** A row of `test -o json`. */
export interface ReportedRow {
  readonly POLICY: string;
  readonly RULE: string;
  readonly RESOURCE: string;
  readonly RESULT: string;
  readonly REASON: string;
  readonly Message?: string;
}

/** One outcome a row of the manifest and resource it names. */
export interface Verdict {
  readonly expectation: Expectation;
  readonly resource: string;
  readonly outcome: 'held' | 'failed' | 'missing' | 'not-run';
  readonly detail: string;
}

/** The JSON arrays in what the command printed: one a manifest, each on lines of its own. */
export function readReports(output: string): readonly (readonly ReportedRow[])[] {
  const reports: (readonly ReportedRow[])[] = [];
  let open: string[] | undefined;
  for (const line of output.split('\n')) {
    if (open === undefined && line === '[]') reports.push([]);
    else if (open === undefined && line === '[') open = [line];
    else if (open !== undefined) {
      open.push(line);
      if (line !== ']') continue;
      reports.push(JSON.parse(open.join('\n')) as readonly ReportedRow[]); // what `-o json` prints
      open = undefined;
    }
  }
  return reports;
}

export function judge(expectations: readonly Expectation[], rows: readonly ReportedRow[]): readonly Verdict[] {
  return expectations.flatMap((expectation) => {
    const resources = expectation.resources.length === 0 ? [''] : expectation.resources;
    return resources.map((resource): Verdict => {
      const about = rows.filter((row) => isAbout(row, expectation, resource));
      const bad = about.find(({ RESULT }) => RESULT !== 'Pass' && RESULT !== 'Skip');
      const describe = (row: ReportedRow): string => `${row.RESOURCE}: ${row.REASON}: ${row.Message ?? ''}`;
      if (about.length === 0) return { expectation, resource, outcome: 'missing', detail: 'not in the report' };
      if (about.every(({ RESULT }) => RESULT === 'Not run')) {
        return { expectation, resource, outcome: 'not-run', detail: about[0]?.Message ?? '' };
      }
      if (bad) return { expectation, resource, outcome: 'failed', detail: describe(bad) };
      return { expectation, resource, outcome: 'held', detail: '' };
    });
  });
}

function isAbout(row: ReportedRow, { policy, rule }: Expectation, resource: string): boolean {
  if (row.POLICY !== policy) return false;
  const rules = ['', rule, `autogen-${rule}`, `autogen-cronjob-${rule}`];
  if (rule !== '' && !rules.includes(row.RULE)) return false;
  if (resource === '') return true;
  // A generated object is reported by its bare name, whatever triggered it.
  if (row.RESOURCE !== '' && !row.RESOURCE.includes('/')) return true;
  return row.RESOURCE === resource || row.RESOURCE.endsWith(`/${resource}`);
}
