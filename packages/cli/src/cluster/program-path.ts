import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file that Node runs as this program: the bundle when this is the bundle, otherwise the source. */
export function programPath(): string {
  return packageFile('bin/vouchsafe.mjs');
}

/** A file or folder of the CLI's package, from wherever this code was bundled to. */
export function packageFile(path: string): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const candidate = join(at, path);
    if (existsSync(join(at, 'package.json')) && existsSync(candidate)) return candidate;
    if (dirname(at) === at) throw new Error(`the program is incomplete: ${path} is missing`);
  }
}
