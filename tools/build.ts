// `npm run build` (and `npm ci`, by way of `prepare`): bundles the command line and the operator into
// packages/cli/dist, so that both start without reading hundreds of source files.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type OutputOptions, type Plugin } from 'rolldown';
import { findCircle } from './chunk-circle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const started = performance.now();
const entries = {
  main: `${root}packages/cli/src/main.ts`,
  operator: `${root}packages/operator/src/main.ts`,
};

const missing = Object.values(entries).filter((path) => !existsSync(path));
if (missing.length > 0) {
  console.error(`build: no such entry: ${missing.join(', ')}`);
  process.exit(1);
}
rmSync(`${root}packages/cli/dist`, { recursive: true, force: true });
const plugins: readonly Plugin[] = [
  {
    name: 'commander-child-process',
    resolveId: (source, importer) =>
      source === 'node:child_process' && importer?.includes('/node_modules/commander/')
        ? `${root}tools/commander-child-process.mjs`
        : null,
  },
  {
    // what it imports by default would be copied member by member at each start
    name: 'commander-builtins',
    resolveId: (source, importer) =>
      ['node:fs', 'node:path', 'node:process'].includes(source) && importer?.includes('/node_modules/commander/')
        ? `\0${source}`
        : null,
    load: (id) => (id.startsWith('\0node:') ? `export default process.getBuiltinModule('${id.slice(1)}');` : null),
  },
  {
    // its other form is CommonJS, all of which runs when a file that mentions it does
    name: 'yaml-modules',
    resolveId: (source) => (source === 'yaml' ? `${root}node_modules/yaml/browser/dist/index.js` : null),
  },
  {
    name: 'undici-dispatchers',
    resolveId: (source) => (source === 'undici' ? `${root}tools/undici-dispatchers.mjs` : null),
  },
  {
    name: 'undici-http2',
    resolveId: (source, importer) =>
      source === './client-h2.js' && importer?.includes('/undici/lib/dispatcher/')
        ? `${root}tools/undici-http2.cjs`
        : null,
  },
];
const shared: BuildOptions = {
  cwd: root,
  platform: 'node',
  logLevel: 'warn',
  resolve: { conditionNames: ['node', 'import'] },
  plugins: [...plugins],
};
/** Of the command line alone, where each module of Node that is loaded is a part of the time a run takes. */
const leanBuiltins: Plugin = {
  name: 'lean-builtins',
  resolveId: (source, importer) => {
    if (!importer?.includes('/node_modules/undici/')) return null;
    if (source === 'node:http') return `${root}tools/undici-http.cjs`;
    if (source === './tree' && importer.includes('/lib/core/')) return `${root}tools/undici-tree.cjs`;
    return source === 'node:assert' ? `${root}tools/undici-assert.cjs` : null;
  },
  // it looks at `performance` when it is loaded, and so loads `node:perf_hooks`; times of a run are short
  transform: (code, id) =>
    id.includes('/node_modules/lru-cache/')
      ? { code: code.replace('typeof performance', "'undefined'"), map: null }
      : null,
};
/**
 * What is needed together, by the rooms it is in: `load-bundle.cjs` loads a file when something of it is first used. None
 * may need another in a circle; the first that fits counts.
 */
const GROUPS: readonly { readonly name: string; readonly test: RegExp }[] = [
  { name: 'yaml', test: /node_modules\/yaml\// },
  // for machines that cannot run the usual parser of HTTP
  { name: 'undici-parser', test: /node_modules\/undici\/lib\/llhttp\/llhttp-wasm\.js/ },
  { name: 'regexp', test: /node_modules\/re2js\// },
  { name: 'jmespath', test: /engine\/src\/lang\/jmespath\// },
  { name: 'engine-values', test: /engine\/src\/(?:kernel|model|facts)\/|cel\/src\/kubernetes\/quantity\.ts/ },
  { name: 'cel', test: /packages\/cel\/|engine\/src\/(?:lang\/cel|lang\/template|policies)\// },
  { name: 'engine-languages', test: /engine\/src\/(?:lang|match)\// },
];
const output: OutputOptions = {
  dir: `${root}packages/cli/dist`,
  minify: { compress: true, mangle: false },
  sourcemap: true,
  charset: 'ascii',
};
// CommonJS, since only scripts can be started from a code cache that was made after they had run.
const bundled = await build({
  ...shared,
  plugins: [...plugins, leanBuiltins],
  input: { main: entries.main },
  preserveEntrySignatures: 'allow-extension',
  // as where undici is a part of Node: without its second parser of HTTP
  transform: { define: { 'import.meta.main': 'false', esbuildDetection: 'true' } },
  output: {
    ...output,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    codeSplitting: { groups: [...GROUPS], includeDependenciesRecursively: false },
  },
});
const circle = findCircle(bundled.output.filter((file) => file.type === 'chunk'));
if (circle) {
  console.error(`build: files of the bundle need each other: ${circle.join(' → ')}; see GROUPS`);
  process.exit(1);
}
await build({
  ...shared,
  input: { operator: entries.operator },
  output: { ...output, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: 'operator/[name]-[hash].mjs' },
});
try {
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', `${root}tools/make-code-cache.ts`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 60_000,
  });
} catch {
  console.error('build: no code cache could be made; the command line works, and starts slower');
}
console.log(`built packages/cli/dist in ${Math.round(performance.now() - started)} ms`);
