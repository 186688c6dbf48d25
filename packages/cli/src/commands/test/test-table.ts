import { type Column, type Palette, renderTable } from '../../output/table.ts';
import type { TestRow } from './test-row.ts';

/** The table of one manifest. */
export function renderTestTable(rows: readonly TestRow[], detailed: boolean, palette: Palette): string {
  const columns: Column<TestRow>[] = [
    { title: 'id', text: ({ id }) => String(id) },
    { title: 'policy', text: ({ policy }) => policy, paint: (_, text) => palette.name(text) },
    { title: 'rule', text: ({ rule }) => rule, paint: (_, text) => palette.name(text) },
    { title: 'resource', text: ({ resource }) => resource, paint: (_, text) => palette.name(text) },
    { title: 'result', text: ({ result }) => result, paint: (row, text) => paintResult(row, text, palette) },
    { title: 'reason', text: ({ reason }) => reason },
  ];
  if (detailed) columns.push({ title: 'message', text: ({ message }) => message });
  return renderTable(rows, columns, palette);
}

function paintResult({ result }: TestRow, text: string, palette: Palette): string {
  if (result === 'Pass') return palette.good(text);
  return result === 'Fail' ? palette.bad(text) : palette.notice(text);
}

/** For each failed row its message, with the difference of the objects, and how the rule came to its result. */
export function renderFailures(rows: readonly TestRow[], palette: Palette): string {
  return rows
    .filter(({ result }) => result === 'Fail')
    .map((row) => renderFailure(row, palette))
    .join('');
}

function renderFailure(row: TestRow, palette: Palette): string {
  const { id, policy, rule, resource, reason, message, trace, place } = row;
  const title = `${id}. ${[policy, rule].filter((part) => part !== '').join('/')} on ${resource || 'nothing'}: ${reason}`;
  const lines = [palette.bad(title), ...(place === undefined ? [] : [`   at ${place}`])];
  if (message !== '' && message !== reason) lines.push(...message.split('\n').map((line) => `   ${line}`.trimEnd()));
  if (trace.length > 0) lines.push('   how the rule got there:');
  for (const { step, outcome, detail, path } of trace) {
    lines.push(`     ${step.padEnd(12)} ${outcome.padEnd(5)} ${path ? `${path} ` : ''}${detail}`.trimEnd());
  }
  return `${lines.join('\n')}\n\n`;
}
