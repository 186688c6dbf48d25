import { posix } from 'node:path';
import { scanImports } from './import-scanner.ts';

export interface Wall {
  readonly may: readonly string[];
  readonly why: string;
  readonly runtime?: 'any' | 'node' | 'browser';
  /** `false`: folders inside the room never import each other. */
  readonly siblings?: boolean;
}

/** The content of `boundaries.json`. */
export interface Boundaries {
  readonly packages: Readonly<Record<string, Wall>>;
  readonly rooms: Readonly<Record<string, Readonly<Record<string, Wall>>>>;
}

export interface SourceTree {
  /** Repository path (`packages/engine/src/kernel/json.ts`) to text. */
  readonly files: ReadonlyMap<string, string>;
  /** Package folder to the third-party names its manifest declares. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly why: string;
}

interface Place {
  readonly file: string;
  readonly package: string;
  /** First folder below `src`; empty for the entry file. */
  readonly room: string;
  /** Folder below the room, when the file is in one. */
  readonly sibling: string;
}

/** Every import that crosses a wall, and every file that stands in no listed room. Tests and their fixtures may import what they like. */
export function checkBoundaries(tree: SourceTree, boundaries: Boundaries): readonly Violation[] {
  const violations: Violation[] = [...cycles(boundaries)];
  for (const [file, text] of tree.files) {
    const place = placeOf(file);
    if (!place || /\.(test|fixture)\.ts$/.test(file)) continue;
    const report = (line: number, message: string, why: string) => violations.push({ file, line, message, why });
    checkPlace(place, boundaries, report);
    for (const { specifier, line } of scanImports(text)) {
      const problem = checkImport(place, specifier, tree, boundaries);
      if (problem) report(line, problem.message, problem.why);
    }
  }
  return violations;
}

function checkPlace(
  place: Place,
  boundaries: Boundaries,
  report: (line: number, message: string, why: string) => void,
) {
  if (!boundaries.packages[place.package]) {
    report(1, `package \`${place.package}\` is not listed in boundaries.json`, 'the graph is data');
  } else if (place.room === '') {
    const name = posix.basename(place.file);
    if (name !== 'index.ts' && name !== 'main.ts') {
      report(1, `\`${name}\` stands beside the entry file`, 'src holds only the entry and rooms');
    }
  } else if (!boundaries.rooms[place.package]?.[place.room]) {
    report(1, `room \`${place.package}/${place.room}\` is not listed in boundaries.json`, 'the graph is data');
  }
}

type Problem = { readonly message: string; readonly why: string } | undefined;

function checkImport(place: Place, specifier: string, tree: SourceTree, boundaries: Boundaries): Problem {
  const wall = boundaries.packages[place.package];
  if (specifier.startsWith('.')) return checkRelative(place, specifier, boundaries);
  if (specifier.startsWith('node:')) {
    return wall?.runtime === 'any'
      ? { message: `\`${specifier}\` in a package that runs anywhere`, why: wall.why }
      : undefined;
  }
  if (specifier.startsWith('@vouchsafe/')) {
    const name = specifier.slice('@vouchsafe/'.length);
    return wall && !wall.may.includes(name)
      ? { message: `package \`${place.package}\` may not import \`${name}\``, why: wall.why }
      : undefined;
  }
  const dependency = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return tree.dependencies.get(place.package)?.includes(dependency)
    ? undefined
    : {
        message: `\`${dependency}\` is no dependency of package \`${place.package}\``,
        why: 'a package names what it needs',
      };
}

function checkRelative(place: Place, specifier: string, boundaries: Boundaries): Problem {
  const path = posix.join(posix.dirname(place.file), specifier);
  // a package's own data (its manifest, definitions it ships) stands beside src
  if (path.startsWith(`packages/${place.package}/`) && path.endsWith('.json')) return undefined;
  const target = placeOf(path);
  if (!target || target.package !== place.package) {
    return { message: `\`${specifier}\` leaves the package`, why: 'other packages are reached by name' };
  }
  if (place.room === '') return undefined;
  if (target.room === '')
    return { message: `\`${specifier}\` is the package entry`, why: 'leaves do not see the door' };
  const wall = boundaries.rooms[place.package]?.[place.room];
  if (!wall) return undefined;
  if (target.room !== place.room) {
    return wall.may.includes(target.room)
      ? undefined
      : { message: `room \`${place.room}\` may not import room \`${target.room}\``, why: wall.why };
  }
  const crosses = place.sibling !== '' && target.sibling !== '' && place.sibling !== target.sibling;
  return wall.siblings === false && crosses
    ? { message: `\`${place.sibling}\` may not import its sibling \`${target.sibling}\``, why: wall.why }
    : undefined;
}

function placeOf(file: string): Place | undefined {
  const match = /^packages\/([^/]+)\/src\/(.+)$/.exec(file);
  if (!match) return undefined;
  const [, packageName = '', inside = ''] = match;
  const parts = inside.split('/');
  return {
    file,
    package: packageName,
    room: parts.length > 1 ? (parts[0] ?? '') : '',
    sibling: parts.length > 2 ? (parts[1] ?? '') : '',
  };
}

/** The listed graph itself must have no circle, or it would allow what it means to forbid. */
function cycles(boundaries: Boundaries): readonly Violation[] {
  const graphs: [string, Readonly<Record<string, Wall>>][] = [
    ['packages', boundaries.packages],
    ...Object.entries(boundaries.rooms),
  ];
  return graphs.flatMap(([name, graph]) => {
    const circle = findCircle(graph);
    return circle
      ? [{ file: 'boundaries.json', line: 1, message: `${name}: ${circle.join(' → ')}`, why: 'walls point one way' }]
      : [];
  });
}

function findCircle(graph: Readonly<Record<string, Wall>>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): readonly string[] | undefined => {
    const name = node.split('/')[0] ?? node;
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of graph[name]?.may ?? []) {
      const circle = visit(next, [...trail, name]);
      if (circle) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const node of Object.keys(graph)) {
    const circle = visit(node, []);
    if (circle) return circle;
  }
  return undefined;
}
