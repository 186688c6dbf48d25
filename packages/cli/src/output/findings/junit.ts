import { escapeXml, xmlText } from '../xml.ts';
import { type ReportedFinding, ruleId, subjectOf } from './reported-finding.ts';

/** Findings as JUnit XML: a suite a policy, a case a rule and resource. */
export function toJunit(findings: readonly ReportedFinding[]): string {
  const suites = Map.groupBy(findings, ({ policy }) => policy.name);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${counts(findings)}>`];
  for (const [policy, own] of suites) {
    lines.push(`  <testsuite name="${escapeXml(policy)}" ${counts(own)}>`);
    for (const finding of own) lines.push(...toCase(finding));
    lines.push('  </testsuite>');
  }
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

function counts(findings: readonly ReportedFinding[]): string {
  const of = (status: ReportedFinding['status']): number => findings.filter((it) => it.status === status).length;
  return `tests="${findings.length}" failures="${of('fail')}" errors="${of('error')}" skipped="${of('skip')}"`;
}

function toCase(finding: ReportedFinding): readonly string[] {
  const { place, status, result } = finding;
  const where = place ? ` file="${escapeXml(place.file)}" line="${place.line}"` : '';
  const open = `    <testcase classname="${escapeXml(ruleId(finding))}" name="${escapeXml(subjectOf(finding))}"${where}`;
  const text = xmlText(result.message);
  switch (status) {
    case 'pass':
      return [`${open}/>`];
    case 'warn':
      return [`${open}>`, `      <system-out>${text}</system-out>`, '    </testcase>'];
    case 'skip':
      return [`${open}>`, `      <skipped message="${escapeXml(result.message)}"/>`, '    </testcase>'];
    default: {
      const element = status === 'fail' ? 'failure' : 'error';
      const title = escapeXml(result.message.split('\n')[0] ?? '');
      return [`${open}>`, `      <${element} message="${title}">${text}</${element}>`, '    </testcase>'];
    }
  }
}
