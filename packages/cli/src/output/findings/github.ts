import { isTrouble, type ReportedFinding, ruleId, severityOf, subjectOf } from './reported-finding.ts';

const ORDER = ['critical', 'high', 'medium', 'low', 'info'] as const;

/** Findings as workflow commands, the worst first: GitHub shows about ten of a kind and step. */
export function toWorkflowCommands(findings: readonly ReportedFinding[]): string {
  return findings
    .filter(isTrouble)
    .toSorted((a, b) => ORDER.indexOf(severityOf(a)) - ORDER.indexOf(severityOf(b)))
    .map(toCommand)
    .join('');
}

function toCommand(finding: ReportedFinding): string {
  const { place, result, status } = finding;
  const properties = [
    ...(place ? [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`] : []),
    `title=${property(ruleId(finding))}`,
  ];
  const message = `${subjectOf(finding)}: ${result.message === '' ? 'validation failed' : result.message}`;
  return `::${status === 'warn' ? 'warning' : 'error'} ${properties.join(',')}::${data(message)}\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
