// `npm run build` (and `npm ci`, by way of `prepare`): bundles the command line and the operator into
// packages/cli/dist, so that both start without reading hundreds of source files.
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

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
await build({
  cwd: root,
  input: entries,
  platform: 'node',
  logLevel: 'warn',
  resolve: { conditionNames: ['node', 'import'] },
  plugins: [
    {
      name: 'undici-dispatchers',
      resolveId: (source) => (source === 'undici' ? `${root}tools/undici-dispatchers.mjs` : null),
    },
  ],
  output: {
    dir: `${root}packages/cli/dist`,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunks/[name]-[hash].mjs',
    minify: { compress: true, mangle: false },
    sourcemap: true,
  },
});
console.log(`built packages/cli/dist in ${Math.round(performance.now() - started)} ms`);
