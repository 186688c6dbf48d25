import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Programs that `npm run tools` fetches and tests may use when they are there. */
export const TOOL_NAMES = [
  'kubectl',
  'kubectl-1.32',
  'helm',
  'cosign-2',
  'cosign-3',
  'notation',
  'docker-registry',
  'etcd',
  'oras',
  'crane',
  'prometheus',
  'gojq',
] as const;

export type ToolName = (typeof TOOL_NAMES)[number];

/** One line of `.tools/tools.json`. */
export type ToolRecord =
  | {
      /** Absolute path of the program. */
      path: string;
      version: string;
      /** Of the package it came from, hexadecimal. */
      sha256: string;
      /** What tools/tools.json expected then; another value now means: fetch again. */
      pinned: string;
      /** The package: a Debian package file or an npm package with its version. */
      source: string;
    }
  | { missing: string };

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
export const toolsFolder = join(repository, '.tools');
export const toolsFile = join(toolsFolder, 'tools.json');

/** Where the program is, or why it is not there. Never fetches anything. */
export function findTool(name: ToolName): { path: string; version: string } | { missing: string } {
  const record = readToolRecords()[name];
  if (record === undefined) return { missing: 'not fetched: run `npm run tools`' };
  if ('missing' in record) return record;
  if (!existsSync(record.path)) return { missing: `\`${record.path}\` is gone: run \`npm run tools\`` };
  return { path: record.path, version: record.version };
}

/** What the last fetch recorded; empty when there was none. */
export function readToolRecords(): Partial<Record<ToolName, ToolRecord>> {
  if (!existsSync(toolsFile)) return {};
  // Written by fetch-tools.ts in this shape.
  return (JSON.parse(readFileSync(toolsFile, 'utf8')) as { tools: Partial<Record<ToolName, ToolRecord>> }).tools;
}
