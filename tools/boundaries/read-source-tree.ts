import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Boundaries, SourceTree } from './check-boundaries.ts';

export function readBoundaries(root: string): Boundaries {
  return JSON.parse(readFileSync(join(root, 'boundaries.json'), 'utf8'));
}

/** Every TypeScript file below `packages/<name>/src`, and what each manifest depends on. */
export function readSourceTree(root: string): SourceTree {
  const files = new Map<string, string>();
  const dependencies = new Map<string, readonly string[]>();
  const packages = join(root, 'packages');
  for (const name of readdirSync(packages)) {
    const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
    dependencies.set(name, Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
    for (const entry of readdirSync(join(packages, name, 'src'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8'));
    }
  }
  return { files, dependencies };
}
