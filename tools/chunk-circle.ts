/** A file of a bundle and the files it needs from its first line on. */
export interface Chunk {
  readonly fileName: string;
  readonly imports: readonly string[];
}

/**
 * Files that need each other, the first again at the end; `undefined` when there are none. Where no code cache fits, Node
 * runs the files in the order of their needs: in a circle one of them would find another empty.
 */
export function findCircle(chunks: readonly Chunk[]): readonly string[] | undefined {
  const imports = new Map(chunks.map((chunk) => [chunk.fileName, chunk.imports]));
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | undefined => {
    if (done.has(file)) return undefined;
    const start = path.indexOf(file);
    if (start >= 0) return [...path.slice(start), file];
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle) return circle;
  }
  return undefined;
}
