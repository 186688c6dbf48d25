import type { Finding } from '../../evaluation/finding.ts';
import { type Column, type Palette, renderTable } from '../../output/table.ts';

const WORDS = { pass: 'Pass', fail: 'Fail', warn: 'Warn', error: 'Error', skip: 'Skip' } as const;

interface Row {
  readonly id: number;
  readonly finding: Finding;
}

/** All results as Kyverno's table. */
export function renderApplyTable(findings: readonly Finding[], detailed: boolean, palette: Palette): string {
  const rows = findings.map((finding, index): Row => ({ id: index + 1, finding }));
  const columns: Column<Row>[] = [
    { title: 'id', text: ({ id }) => String(id) },
    { title: 'policy', text: ({ finding }) => policyOf(finding), paint: (_, text) => palette.name(text) },
    { title: 'rule', text: ({ finding }) => finding.result.rule, paint: (_, text) => palette.name(text) },
    { title: 'resource', text: ({ finding }) => resourceOf(finding), paint: (_, text) => palette.name(text) },
    {
      title: 'result',
      text: ({ finding }) => WORDS[finding.status],
      paint: ({ finding }, text) => paint(finding, text, palette),
    },
    { title: 'reason', text: () => '' },
  ];
  if (detailed) columns.push({ title: 'message', text: ({ finding }) => finding.result.message });
  return renderTable(rows, columns, palette);
}

function policyOf({ policy }: Finding): string {
  return policy.namespace ? `${policy.namespace}/${policy.name}` : policy.name;
}

function resourceOf({ resource: { namespace, kind, name } }: Finding): string {
  return namespace === '' ? `${kind}/${name}` : `${namespace}/${kind}/${name}`;
}

function paint({ status }: Finding, text: string, palette: Palette): string {
  if (status === 'pass') return palette.good(text);
  return status === 'fail' || status === 'error' ? palette.bad(text) : palette.notice(text);
}
