#!/usr/bin/env node
// The command `vouchsafe`: hands over to the pinned Node 24 when the host's is older, then loads the program.
// Plain JavaScript on purpose: it must load in Node 20.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, WANTED_MAJOR } from './find-node.mjs';
import { loadBundle } from './load-bundle.mjs';

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
