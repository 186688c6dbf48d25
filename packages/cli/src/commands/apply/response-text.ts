import type { RuleResult } from '@vouchsafe/engine';
import type { PolicyResponse } from '../../evaluation/evaluate-resource.ts';
import type { Finding } from '../../evaluation/finding.ts';
import { textAt } from '../../inputs/read-fields.ts';

/** `namespace/kind/name`, with a leading slash for a resource without namespace. */
export function resourcePath({ resource }: PolicyResponse): string {
  const path = [
    textAt(resource, 'metadata', 'namespace'),
    textAt(resource, 'kind'),
    textAt(resource, 'metadata', 'name'),
  ].join('/');
  return path === '//' ? 'JSON payload' : path;
}

function isTold({ status }: RuleResult): boolean {
  return status === 'fail' || status === 'error' || status === 'skip';
}

/** What the plain output says of a response: skipped and broken mutations, then the rules that failed (kyverno-core §5.2). */
export function renderResponse(response: PolicyResponse, findings: readonly Finding[], auditWarn: boolean): string {
  // Most say nothing; a deletion is told by its finding alone.
  if (!response.results.some(isTold) && !findings.some(({ result }) => isTold(result))) return '';
  const path = resourcePath(response);
  const policy = response.policy.ref.name;
  let text = '';
  for (const { type, status, message } of response.results) {
    if (type === 'Mutation' && status === 'skip') text += `\nskipped mutate policy ${policy} -> resource ${path}\n`;
    if (type === 'Mutation' && status === 'error') {
      text += `\nerror while applying mutate policy ${policy} -> resource ${path} \nerror:  ${message}\n`;
    }
    if (type === 'Generation' && status === 'error') {
      text += `\nerror while applying generate policy ${policy} -> resource ${path} \nerror: ${message}\n`;
    }
  }
  const failed = findings.filter(({ result }) => result.status === 'fail');
  const isWarning = auditWarn && failed.every(({ result }) => result.action === 'Audit');
  text += listFindings(`policy ${policy} -> resource ${path} failed${isWarning ? ' as audit warning' : ''}`, failed);
  // Upstream counts them, and says nothing of what went wrong.
  const erred = findings.filter(({ result: { status, type } }) => status === 'error' && !TOLD_AS_ERROR.has(type));
  return text + listFindings(`policy ${policy} -> resource ${path} could not be evaluated`, erred);
}

const TOLD_AS_ERROR: ReadonlySet<string> = new Set(['Mutation', 'Generation']);

function listFindings(title: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  let text = `${title}:\n`;
  for (const [index, { result, place }] of findings.entries()) {
    text += `${index + 1} - ${result.rule} ${result.message === '' ? 'validation failed' : result.message}\n`;
    if (place) text += `    at ${place.file}:${place.line}\n`;
  }
  return text;
}
