// `npm run demo`: `vouchsafe demo` with the programs that `npm run tools` has fetched, as far as they are there. `--all`
// plays every scenario of the repository, with the built-in signer where `npm run test:e2e` has the real cosign.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool, type ToolName } from './tool-paths.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const HOMES = ['packages/cli/scenarios', 'conformance/scenarios'];
/** By the names that command lines call them by. */
const PROGRAMS: readonly (readonly [string, ToolName])[] = [
  ['kubectl', 'kubectl'],
  ['jq', 'gojq'],
  ['cosign', 'cosign-2'],
  ['cosign3', 'cosign-3'],
  ['prometheus', 'prometheus'],
];

const given = process.argv.slice(2);
const args = given.flatMap((arg) => (arg === '--all' ? everyScenario() : [arg]));
const bin = mkdtempSync(join(tmpdir(), 'vouchsafe-tools-'));
try {
  for (const [name, toolName] of PROGRAMS) {
    const tool = findTool(toolName);
    if (!('missing' in tool)) symlinkSync(tool.path, join(bin, name));
  }
  const { status } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'packages/cli/bin/vouchsafe.mjs'), 'demo', ...args],
    { stdio: 'inherit', env: { ...process.env, PATH: [bin, process.env['PATH'] ?? ''].join(delimiter) } },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(bin, { recursive: true, force: true });
}

function everyScenario(): readonly string[] {
  return HOMES.flatMap((home) =>
    readdirSync(join(root, home))
      .sort()
      .map((name) => join(root, home, name)),
  );
}
