import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { PolicyResponse } from '../../evaluation/evaluate-resource.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { toGoYaml } from '../../output/yaml.ts';
import { resourcePath } from './response-text.ts';

/** Where mutated and generated resources go. */
export interface MutatedOutput {
  readonly write: (response: PolicyResponse, name: string) => void;
}

export interface MutatedOutputOptions {
  /** A file, a folder, or empty for `print`. */
  readonly path: string;
  readonly folder: string;
  /** Only the resources, to be piped on. */
  readonly pipe: boolean;
  readonly print: (text: string) => void;
}

/** Opens the output: a file is emptied first, a folder is made (kyverno-core §5.2). Throws `InputProblem`. */
export function openMutatedOutput(options: MutatedOutputOptions): MutatedOutput {
  const { path, folder } = options;
  if (path === '') return { write: (response) => options.print(renderResponseObjects(response, options.pipe)) };
  const target = resolve(folder, path);
  const isFolder = prepareTarget(target);
  return {
    write: (response, name) => {
      const { documents, isGenerated } = documentsOf(response);
      const file = isGenerated ? `${response.policy.ref.name}-generated.yaml` : `${name}-mutated.yaml`;
      const text = documents.map((document) => `${toGoYaml(document)}\n---\n\n`).join('');
      if (text !== '') appendFileSync(isFolder ? join(target, file.replaceAll('/', '_')) : target, text);
    },
  };
}

function prepareTarget(target: string): boolean {
  try {
    const known = statSync(target, { throwIfNoEntry: false });
    if (known?.isDirectory()) return true;
    const isFile = known !== undefined || /\.ya?ml$/.test(target);
    mkdirSync(isFile ? dirname(target) : target, { recursive: true });
    if (isFile) writeFileSync(target, '', { mode: 0o600 });
    return !isFile;
  } catch (error) {
    throw new InputProblem(`failed to create file/folder (${reasonOf(error)})`);
  }
}

interface ResponseObjects {
  readonly documents: readonly JsonObject[];
  readonly targets: readonly JsonObject[];
  readonly isGenerated: boolean;
}

function documentsOf({ phase, patched, effects }: PolicyResponse): ResponseObjects {
  const of = (kind: 'create' | 'update'): readonly JsonObject[] =>
    effects.flatMap((effect) => (effect.kind === kind ? [effect.resource] : []));
  if (phase === 'generate') return { documents: of('create'), targets: [], isGenerated: true };
  const targets = of('update');
  return { documents: [patched, ...targets], targets, isGenerated: false };
}

function renderResponseObjects(response: PolicyResponse, pipe: boolean): string {
  const { documents, targets, isGenerated } = documentsOf(response);
  const header = pipe ? '' : `\npolicy ${response.policy.ref.name} applied to ${resourcePath(response)}:`;
  const shown = (document: JsonObject): string => `${header}\n${toGoYaml(document)}\n---\n`;
  if (isGenerated) {
    const done = pipe ? '' : '\n\nGenerate:\nGeneration completed successfully.';
    return documents.map((document) => `${shown(document)}${done}`).join('');
  }
  const changed = targets.map((target) => `\n${toGoYaml(target)}\n---\n\n`).join('');
  const patched = targets.length > 0 ? `patched targets: \n${changed}` : '';
  return `${shown(response.patched)}${patched}${pipe ? '' : '\n\nMutation:\nMutation has been applied successfully.'}`;
}
