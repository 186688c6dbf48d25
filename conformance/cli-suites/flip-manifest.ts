import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { isRecord, listOf, type ManifestDocument } from './manifest.ts';

const FLIPPED: Readonly<Record<string, string>> = { pass: 'fail', fail: 'pass' };
const FILES = ['policies', 'resources', 'targetResources', 'exceptions', 'clusterResources', 'paramResources'];
const FILE = ['variables', 'userinfo', 'context'];
const ROW_FILES = ['patchedResources', 'generatedResource', 'cloneSourceResource'];

/**
 * The manifest with every `pass` turned into `fail` and the reverse, and other rows left out; paths made absolute, so that
 * it can be read from anywhere. An engine that echoes the expectations holds it; an honest one fails every row.
 */
export function flipManifest(documents: readonly ManifestDocument[], path: string): string {
  const folder = dirname(path);
  const absolute = (value: unknown): unknown => (typeof value === 'string' ? resolve(folder, value) : value);
  return documents
    .map((document) => {
      const copy: Record<string, unknown> = { ...document };
      for (const key of FILES) if (key in copy) copy[key] = listOf(copy[key]).map(absolute);
      for (const key of FILE) if (key in copy) copy[key] = absolute(copy[key]);
      copy['results'] = listOf(document['results'])
        .filter(isRecord)
        .flatMap((row) => flipRow(row, absolute));
      return stringify(copy, { version: '1.1', aliasDuplicateObjects: false });
    })
    .join('---\n');
}

function flipRow(row: ManifestDocument, absolute: (value: unknown) => unknown): readonly ManifestDocument[] {
  const result = FLIPPED[String(row['result'])];
  if (result === undefined) return [];
  const flipped: Record<string, unknown> = { ...row, result };
  for (const key of ROW_FILES) if (key in flipped) flipped[key] = absolute(flipped[key]);
  if ('generatedResources' in flipped)
    flipped['generatedResources'] = listOf(flipped['generatedResources']).map(absolute);
  return [flipped];
}
