import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** What a judge needs of an expectation; read apart from the product, which must not judge itself. */
export interface Expectation {
  readonly policy: string;
  readonly rule: string;
  /** Names; empty when the expectation is about everything. */
  readonly resources: readonly string[];
  readonly result: string;
}

export type ManifestDocument = Readonly<Record<string, unknown>>;

export function readManifest(path: string): readonly ManifestDocument[] {
  const parsed = parseAllDocuments(readFileSync(path, 'utf8'), {
    version: '1.1',
    uniqueKeys: false,
    logLevel: 'silent',
  });
  if ('empty' in parsed) return [];
  return parsed.map((document) => document.toJS() as unknown).filter(isRecord);
}

export function isRecord(value: unknown): value is ManifestDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
}

export function expectationsOf(document: ManifestDocument): readonly Expectation[] {
  return listOf(document['results'])
    .filter(isRecord)
    .map((row) => ({
      policy: textOf(row['policy']),
      rule: textOf(row['rule']),
      resources: [
        ...listOf(row['resources']).map(textOf),
        ...listOf(row['resourceSpecs'])
          .filter(isRecord)
          .map((spec) => textOf(spec['name'])),
      ],
      result: textOf(row['result']),
    }));
}
