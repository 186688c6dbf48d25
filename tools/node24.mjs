// Runs a command of this repository under the pinned Node 24, whatever Node started npm.
// Usage: node tools/node24.mjs COMMAND|FILE.ts [ARGS…]
// Plain JavaScript on purpose: the host's Node may be 20, which reads no TypeScript.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode } from '../packages/cli/bin/find-node.cjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = findNode(root);
if ('problem' in node) {
  console.error(`vouchsafe: ${node.problem}`);
  process.exit(2);
}

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) {
  console.error('usage: node tools/node24.mjs COMMAND|FILE.ts [ARGS…]');
  process.exit(2);
}

const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: [dirname(node.path), bin, process.env.PATH ?? ''].join(delimiter) };
const isFile = ['.ts', '.mjs', '.js'].includes(extname(command)) && existsSync(command);
const child = isFile
  ? spawn(node.path, ['--disable-warning=ExperimentalWarning', command, ...rest], { stdio: 'inherit', env })
  : spawn(join(bin, command), rest, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`vouchsafe: cannot run \`${command}\`: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
