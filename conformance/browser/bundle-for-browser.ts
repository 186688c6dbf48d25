import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A module and all it needs as one script for a browser, minified. Throws when something of Node, or anything else that no
 * browser has, would be left to be loaded.
 */
export async function bundleForBrowser(entry: string, format: 'iife' | 'esm' = 'iife'): Promise<string> {
  const { output } = await build({
    cwd: ROOT,
    input: entry,
    platform: 'browser',
    logLevel: 'silent',
    write: false,
    resolve: { conditionNames: ['browser', 'import'] },
    external: [/^node:/],
    output: { format, minify: true, codeSplitting: false },
  });
  const [chunk, ...more] = output;
  if (more.length > 0) throw new Error(`${entry} is more than one file: ${more.map(({ fileName }) => fileName)}`);
  const left = [...chunk.imports, ...chunk.dynamicImports];
  if (left.length > 0) throw new Error(`${entry} needs what a browser does not have: ${left.join(', ')}`);
  return chunk.code;
}
