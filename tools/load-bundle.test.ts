import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBundle } from '../packages/cli/bin/load-bundle.cjs';

const require = createRequire(import.meta.url);
// The object itself, of which members can be replaced.
const v8: typeof import('node:v8') = require('node:v8');

const FILES = {
  'main.cjs': `
    const shared = require('./chunks/shared.cjs');
    exports.count = () => shared.add();
    exports.later = () => require('./chunks/later.cjs').count();
    exports.place = () => [__filename, __dirname];`,
  'chunks/shared.cjs': 'let count = 0; exports.add = () => (count += 1);',
  'chunks/later.cjs': `const shared = require('./shared.cjs'); exports.count = () => shared.add();`,
};

interface Exports {
  count(): number;
  later(): number;
  place(): readonly string[];
}

describe('loadBundle', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'load-bundle-'));
    mkdirSync(join(folder, 'chunks'));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  // each run of the bundle stands for a process of its own
  const run = (collect = false) => {
    const entry = join(folder, 'main.cjs');
    for (const path of Object.keys(require.cache)) if (path.startsWith(folder)) delete require.cache[path];
    const { exports, save } = loadBundle<Exports>(entry, { collect });
    return { ...exports, save };
  };
  const caches = () => join(folder, 'code-cache', `${process.version}-${process.arch}`);

  it('runs without caches', () => {
    const program = run();
    expect([program.count(), program.later(), program.count()]).toEqual([1, 2, 3]);
  });

  it('runs from caches, with files that have none, each file once', () => {
    const made = run(true);
    made.count();
    made.save();
    expect(readdirSync(caches()).toSorted()).toEqual(['main.cjs', 'names.json', 'shared.cjs']);
    const program = run();
    expect([program.count(), program.later(), program.count()]).toEqual([1, 2, 3]);
    expect(program.place()).toEqual([join(folder, 'main.cjs'), folder]);
  });

  it('runs a file with a cache only when something of it is used', () => {
    const made = run(true);
    made.count();
    made.save();
    const shared = join(folder, 'chunks/shared.cjs');
    const program = run();
    expect(program.place()).toEqual([join(folder, 'main.cjs'), folder]);
    expect(require.cache).not.toHaveProperty([shared]);
    expect(program.count()).toBe(1);
    expect(require.cache).toHaveProperty([shared]);
  });

  it('leaves the costly compilers out once the parser of HTTP is loaded, but never while a cache is read', () => {
    const parser = join(folder, 'chunks/undici-dispatchers-abc.cjs');
    writeFileSync(parser, 'exports.parse = () => 1;');
    const main = "exports.count = () => require('./chunks/undici-dispatchers-abc.cjs').parse();";
    writeFileSync(join(folder, 'main.cjs'), `${main} ${FILES['main.cjs'].split('\n').at(-2)}`);
    const made = run(true);
    made.count();
    made.later();
    made.save();
    const told: string[] = [];
    const { setFlagsFromString } = v8;
    v8.setFlagsFromString = (flag) => told.push(flag);
    try {
      const program = run();
      expect(told).toEqual([]);
      program.count();
      const out = ['turbofan', 'wasm-tier-up', 'wasm-dynamic-tiering'];
      expect(told.splice(0)).toEqual(out.map((name) => `--no-${name}`));
      program.later();
      const around = [...out.map((name) => `--${name}`), ...out.map((name) => `--no-${name}`)];
      expect(told).toEqual([...around, ...around]);
    } finally {
      v8.setFlagsFromString = setFlagsFromString;
    }
  });

  it('reads texts that are not ASCII', () => {
    writeFileSync(join(folder, 'main.cjs'), "exports.place = () => ['ä→😀'];");
    run(true).save();
    expect(run().place()).toEqual(['ä→😀']);
  });

  it('runs what is there when a cache is damaged or of another text', () => {
    const made = run(true);
    made.count();
    made.save();
    writeFileSync(join(caches(), 'main.cjs'), 'no cache at all');
    writeFileSync(join(folder, 'chunks/shared.cjs'), 'let count = 40; exports.add = () => (count += 1);');
    const program = run();
    expect([program.count(), program.later()]).toEqual([41, 42]);
  });
});
