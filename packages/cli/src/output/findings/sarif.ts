import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isTrouble, type ReportedFinding, ruleId, severityOf, subjectOf } from './reported-finding.ts';

export interface SarifTool {
  readonly name: string;
  readonly version: string;
}

/** Most results of a run that code scanning takes (SARIF 2.1.0 as GitHub reads it). */
const LIMIT = 25_000;

/** Findings as SARIF 2.1.0: rules with severities, places in files, fingerprints that survive moved lines, exceptions as suppressions. */
export function toSarif(findings: readonly ReportedFinding[], tool: SarifTool): string {
  const shown = findings.filter((finding) => isTrouble(finding) || isSuppressed(finding)).slice(0, LIMIT);
  const rules = new Map<string, ReportedFinding>();
  for (const finding of shown) if (!rules.has(ruleId(finding))) rules.set(ruleId(finding), finding);
  const ids = [...rules.keys()];
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: tool.name, version: tool.version, rules: [...rules].map(toRule) } },
        originalUriBaseIds: { ROOT: { description: { text: 'the folder the command was run in' } } },
        results: shown.map((finding) => toResult(finding, ids.indexOf(ruleId(finding)))),
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function isSuppressed({ status, result }: ReportedFinding): boolean {
  return status === 'skip' && (result.exceptions?.length ?? 0) > 0;
}

/** CVSS-like figures that code scanning sorts by. */
const SCORES = { critical: '9.5', high: '8.0', medium: '5.5', low: '3.0', info: '1.0' } as const;

function toRule([id, finding]: readonly [string, ReportedFinding]): object {
  const { annotations } = finding;
  const title = annotations['policies.kyverno.io/title'] ?? finding.policy.name;
  const description = annotations['policies.kyverno.io/description'] ?? title;
  const category = annotations['policies.kyverno.io/category'];
  return {
    id,
    name: title,
    shortDescription: { text: title },
    fullDescription: { text: description.trim() },
    help: { text: description.trim(), markdown: description.trim() },
    defaultConfiguration: { level: levelOf(finding) },
    properties: {
      'security-severity': SCORES[severityOf(finding)],
      tags: ['kubernetes', ...(category === undefined ? [] : [category])],
    },
  };
}

function levelOf(finding: ReportedFinding): 'error' | 'warning' | 'note' {
  if (finding.status === 'warn') return 'warning';
  if (finding.status === 'error') return 'error';
  const severity = severityOf(finding);
  return severity === 'info' ? 'note' : severity === 'low' ? 'warning' : 'error';
}

function toResult(finding: ReportedFinding, ruleIndex: number): object {
  const { result, place, resource } = finding;
  const subject = subjectOf(finding);
  const message = result.message === '' ? 'validation failed' : result.message;
  return {
    ruleId: ruleId(finding),
    ruleIndex,
    level: isSuppressed(finding) ? 'none' : levelOf(finding),
    message: { text: `${subject}: ${message}` },
    locations: [
      {
        ...(place
          ? {
              physicalLocation: {
                artifactLocation: toArtifact(place.file),
                region: { startLine: place.line, startColumn: place.column },
              },
            }
          : {}),
        logicalLocations: [{ fullyQualifiedName: `${subject}${result.path ?? ''}`, kind: 'resource' }],
      },
    ],
    partialFingerprints: {
      'resultHash/v1': fingerprint([ruleId(finding), resource.apiVersion, subject, result.path ?? '']),
    },
    ...(isSuppressed(finding)
      ? { suppressions: [{ kind: 'external', justification: `exception ${result.exceptions?.join(', ')}` }] }
      : {}),
  };
}

function toArtifact(file: string): object {
  if (isAbsolute(file)) return { uri: pathToFileURL(file).href };
  return { uri: file.split('/').map(encodeURIComponent).join('/'), uriBaseId: 'ROOT' };
}

function fingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
