import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Boundaries, checkBoundaries, type SourceTree } from './check-boundaries.ts';
import { scanImports } from './import-scanner.ts';
import { readBoundaries, readSourceTree } from './read-source-tree.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const boundaries = readBoundaries(root);
const tree = readSourceTree(root);

/** The tree with one more file. */
function planted(file: string, text: string): SourceTree {
  return { ...tree, files: new Map([...tree.files, [file, text]]) };
}

function reportsAt(file: string, text: string, walls: Boundaries = boundaries): readonly string[] {
  return checkBoundaries(planted(file, text), walls)
    .filter((violation) => violation.file === file)
    .map((violation) => violation.message);
}

describe('the walls of the house', () => {
  it('stand: no file crosses one', () => {
    expect(checkBoundaries(tree, boundaries)).toEqual([]);
  });

  it('are checked on every file there is', () => {
    const listed = execFileSync(
      'find',
      ['packages', '-path', '*/src/*', '-name', '*.ts', '-not', '-path', '*/node_modules/*'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    const there = listed.split('\n').filter((line) => line !== '');
    expect(there.length).toBeGreaterThan(50);
    expect(tree.files.size).toBe(there.length);
  });

  const packages = Object.keys(boundaries.packages);
  const forbiddenPackages = packages.flatMap((from) =>
    packages.filter((to) => to !== from && !boundaries.packages[from]?.may.includes(to)).map((to) => ({ from, to })),
  );
  it.each(forbiddenPackages)('hold between packages: $from → $to', ({ from, to }) => {
    const room = Object.keys(boundaries.rooms[from] ?? {})[0];
    const text = `import type { Planted } from '@vouchsafe/${to}';\n`;
    expect(reportsAt(`packages/${from}/src/${room}/planted.ts`, text)).toEqual([
      `package \`${from}\` may not import \`${to}\``,
    ]);
  });

  const forbiddenRooms = Object.entries(boundaries.rooms).flatMap(([name, rooms]) =>
    Object.keys(rooms).flatMap((from) =>
      Object.keys(rooms)
        .filter((to) => to !== from && !rooms[from]?.may.includes(to))
        .map((to) => ({ name, from, to })),
    ),
  );
  it.each(forbiddenRooms)('hold between rooms: $name: $from → $to', ({ name, from, to }) => {
    const text = `export { planted } from '../${to}/planted.ts';\n`;
    expect(reportsAt(`packages/${name}/src/${from}/planted.ts`, text)).toEqual([
      `room \`${from}\` may not import room \`${to}\``,
    ]);
  });

  const lonely = Object.entries(boundaries.rooms).flatMap(([name, rooms]) =>
    Object.keys(rooms)
      .filter((room) => rooms[room]?.siblings === false)
      .map((room) => ({ name, room })),
  );
  it.each(lonely)('hold between siblings: $name/$room', ({ name, room }) => {
    const text = "import { planted } from '../b/planted.ts';\n";
    expect(reportsAt(`packages/${name}/src/${room}/a/planted.ts`, text)).toEqual([
      '`a` may not import its sibling `b`',
    ]);
  });

  const anywhere = packages.filter((name) => boundaries.packages[name]?.runtime === 'any');
  it.each(anywhere)('keep Node out of %s', (name) => {
    const room = Object.keys(boundaries.rooms[name] ?? {})[0];
    expect(reportsAt(`packages/${name}/src/${room}/planted.ts`, "import { readFileSync } from 'node:fs';\n")).toEqual([
      '`node:fs` in a package that runs anywhere',
    ]);
  });

  it.each([
    [
      'the package entry',
      'packages/engine/src/kernel/planted.ts',
      "import { x } from '../index.ts';\n",
      'is the package entry',
    ],
    [
      'another package by path',
      'packages/engine/src/kernel/planted.ts',
      "import { x } from '../../../kube/src/index.ts';\n",
      'leaves the package',
    ],
    [
      'an undeclared dependency',
      'packages/kube/src/client/planted.ts',
      "import x from 'left-pad';\n",
      'is no dependency',
    ],
    ['a file beside the entry', 'packages/engine/src/planted.ts', 'export const x = 1;\n', 'stands beside the entry'],
    ['an unlisted room', 'packages/engine/src/attic/planted.ts', 'export const x = 1;\n', 'is not listed'],
    [
      'a dynamic import',
      'packages/cel/src/kubernetes/planted.ts',
      "const x = await import('node:net');\n",
      'runs anywhere',
    ],
  ])('refuse %s', (_, file, text, message) => {
    expect(reportsAt(file, text).join('\n')).toContain(message);
  });

  it('have no circle in themselves', () => {
    const wall = (may: readonly string[]) => ({ may, why: '' });
    const circular: Boundaries = { packages: { a: wall(['b']), b: wall(['a']) }, rooms: {} };
    expect(checkBoundaries({ files: new Map(), dependencies: new Map() }, circular)[0]?.message).toBe(
      'packages: a → b → a',
    );
  });
});

describe('scanImports', () => {
  it('finds every form and no comment', () => {
    const source = [
      "import { a } from './a.ts';",
      'import type {',
      '  B,',
      "} from './b.ts';",
      "export * from './c.ts';",
      "import './d.ts';",
      "const e = () => import('./e.ts');",
      "// import { x } from './comment.ts';",
      '/**',
      " * import { x } from './docstring.ts';",
      ' */',
    ].join('\n');
    expect(scanImports(source).map(({ specifier, line }) => `${specifier}:${line}`)).toEqual([
      './a.ts:1',
      './b.ts:4',
      './c.ts:5',
      './d.ts:6',
      './e.ts:7',
    ]);
  });
});
