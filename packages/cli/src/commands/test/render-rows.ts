import { escapeXml, xmlText } from '../../output/xml.ts';
import { toYaml } from '../../output/yaml.ts';
import type { TestRow } from './test-row.ts';

export const ROW_FORMATS = ['json', 'yaml', 'markdown', 'junit'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

export function isRowFormat(format: string): format is RowFormat {
  return ROW_FORMATS.some((known) => known === format);
}

/** The rows of one manifest in a format for programs; names of the members are Kyverno's. */
export function renderRows(rows: readonly TestRow[], format: RowFormat, detailed: boolean): string {
  switch (format) {
    case 'json':
      return JSON.stringify(
        rows.map((row) => toRecord(row, detailed)),
        null,
        2,
      );
    case 'yaml':
      return toYaml(rows.map((row) => toRecord(row, detailed)));
    case 'markdown':
      return toMarkdown(rows, detailed);
    case 'junit':
      return toJunit(rows, detailed);
  }
}

function toRecord({ id, policy, rule, resource, result, reason, message }: TestRow, detailed: boolean): object {
  return {
    ID: id,
    ...(detailed ? { Message: message } : {}),
    POLICY: policy,
    REASON: reason,
    RESOURCE: resource,
    RESULT: result,
    RULE: rule,
  };
}

function toMarkdown(rows: readonly TestRow[], detailed: boolean): string {
  const titles = ['ID', 'POLICY', 'RULE', 'RESOURCE', 'RESULT', 'REASON', ...(detailed ? ['MESSAGE'] : [])];
  const lines = [`| ${titles.join(' | ')} | `, `|${'----|'.repeat(titles.length)}`];
  for (const { id, policy, rule, resource, result, reason, message } of rows) {
    const cells = [String(id), policy, rule, resource, result, reason, ...(detailed ? [message] : [])];
    lines.push(`| ${cells.map((cell) => cell.replaceAll('\n', '<br>').replaceAll('|', '\\|')).join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** A suite a policy. Unlike upstream's, the text is escaped and every element is closed. */
function toJunit(rows: readonly TestRow[], detailed: boolean): string {
  const failures = (of: readonly TestRow[]): number => of.filter(({ result }) => result === 'Fail').length;
  const suites = Map.groupBy(rows, ({ policy }) => policy);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${rows.length}" failures="${failures(rows)}">`,
  ];
  for (const [policy, own] of suites) {
    lines.push(` <testsuite name="${escapeXml(policy)}" tests="${own.length}" failures="${failures(own)}">`);
    for (const row of own) lines.push(...toJunitCase(row, detailed));
    lines.push(' </testsuite>');
  }
  return [...lines, '</testsuites>'].join('\n');
}

function placeOf({ place = '' }: TestRow): string {
  const [, file = '', line = ''] = /^(.*):(\d+)$/.exec(place) ?? [];
  return file === '' ? '' : ` file="${escapeXml(file)}" line="${line}"`;
}

function toJunitCase(row: TestRow, detailed: boolean): readonly string[] {
  const { policy, rule, resource, result, reason, message } = row;
  const about = [`Policy: ${policy}`, `Rule: ${rule}`, `Resource: ${resource}`];
  const told = detailed ? [`Message: ${message}`] : [];
  const open = `  <testcase classname="${escapeXml(rule)}" name="${escapeXml(resource)}"${placeOf(row)}>`;
  if (result === 'Fail') {
    const body = [...about, `Result: ${result}`, ...told].map((line) => `    ${xmlText(line)}`);
    return [open, `   <failure message="${escapeXml(reason)}">`, ...body, '   </failure>', '  </testcase>'];
  }
  if (result === 'Not run') return [open, `   <skipped message="${escapeXml(message)}"/>`, '  </testcase>'];
  const body = [`Reason: ${reason}`, ...about, ...told].map((line) => `    ${xmlText(line)}`);
  return [open, '   <system-out>', ...body, '   </system-out>', '  </testcase>'];
}
