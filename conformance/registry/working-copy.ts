import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const REWRITTEN = /\.(ya?ml|json)$/;

/**
 * Copies suites of a corpus with what they use: their folders, and of each folder above them the files and the folders that
 * hold no suites (`_templates`, `.kyverno-test`). Documents are rewritten on the way.
 */
export function copySuites(
  corpus: string,
  copy: string,
  paths: readonly string[],
  rewrite: (text: string) => string,
): void {
  const folders = new Set(paths.map(dirname));
  const above = new Set([...folders].flatMap(foldersAbove));
  for (const folder of folders) copyFolder(join(corpus, folder), join(copy, folder), rewrite);
  for (const folder of above) {
    if (folders.has(folder)) continue;
    mkdirSync(join(copy, folder), { recursive: true });
    for (const entry of readdirSync(join(corpus, folder), { withFileTypes: true })) {
      const from = join(corpus, folder, entry.name);
      const to = join(copy, folder, entry.name);
      if (entry.isFile()) copyFile(from, to, rewrite);
      else if (/^[._]/.test(entry.name) && !existsSync(to)) copyFolder(from, to, rewrite);
    }
  }
}

function foldersAbove(folder: string): readonly string[] {
  const above = dirname(folder);
  return above === '.' || above === folder ? [] : [above, ...foldersAbove(above)];
}

function copyFolder(from: string, to: string, rewrite: (text: string) => string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target, rewrite);
    else if (entry.isFile()) copyFile(source, target, rewrite);
  }
}

/** A file of the corpus, rewritten when it is a document. */
export function copyFile(from: string, to: string, rewrite: (text: string) => string): void {
  mkdirSync(dirname(to), { recursive: true });
  if (REWRITTEN.test(from)) writeFileSync(to, rewrite(readFileSync(from, 'utf8')));
  else cpSync(from, to);
}
