/** One import or re-export as it stands in a source file. */
export interface SourceImport {
  readonly specifier: string;
  /** Counts from 1. */
  readonly line: number;
}

const STATIC = /^[ \t]*(?:import|export)\b(?:[^'"`;]*?\bfrom)?[ \t\n]*['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]/g;

/**
 * The module specifiers of a TypeScript source: `import`, `import type`, `export … from`, bare and dynamic imports.
 * Reads text, since TypeScript 7 has no compiler API that a tool could ask. Comments are blanked first, so that an
 * example in a docstring is no import; strings that happen to hold an import statement at the start of a line are
 * taken for one, which errs on the strict side.
 */
export function scanImports(source: string): readonly SourceImport[] {
  const code = blankComments(source);
  const found: SourceImport[] = [];
  for (const pattern of [STATIC, DYNAMIC]) {
    for (const match of code.matchAll(pattern)) {
      const specifier = match[1];
      if (specifier === undefined) continue;
      const end = (match.index ?? 0) + match[0].length;
      found.push({ specifier, line: lineOf(code, end) });
    }
  }
  return found;
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Replaces comments that begin a line by blanks, keeping every newline where it was. */
function blankComments(source: string): string {
  return source
    .replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/^[ \t]*\/\/.*$/gm, (comment) => ' '.repeat(comment.length));
}
