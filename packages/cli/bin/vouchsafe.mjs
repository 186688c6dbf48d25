#!/usr/bin/env node
// The command `vouchsafe`: hands over to the pinned Node 24 when the host's is older, then loads the program.
// Plain JavaScript on purpose: it must load in Node 20. What it needs is required: an `import` of `node:fs` reads every
// member of it, and so loads what stands behind the rarest.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { existsSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { fileURLToPath } = require('node:url');
const { findNode, WANTED_MAJOR } = require('./find-node.cjs');
const { loadBundle } = require('./load-bundle.cjs');

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(here, '..', 'dist', 'main.cjs');
const isBundled = existsSync(bundle) && !process.env.VOUCHSAFE_FROM_SOURCE;

if (Number.parseInt(process.versions.node, 10) >= WANTED_MAJOR) {
  const program = isBundled ? loadBundle(bundle).exports : await import(join(here, '..', 'src', 'main.ts'));
  await program.runCommandLine(process.argv.slice(2));
} else {
  const node = findNode(here);
  if ('problem' in node) {
    console.error(`vouchsafe: ${node.problem}`);
    process.exit(2);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(
    node.path,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      // the name of a link to this file, which the child cannot see
      env: { ...process.env, VOUCHSAFE_CALLED_AS: process.argv[1] },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
