import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/start-cluster.ts';
import type { Kubectl } from './kubectl.ts';
import { runScenario, type StepOutcome } from './run-scenario.ts';
import { readScenario, type Scenario, splitWords } from './scenario.ts';
import { createBuiltInSigner } from './signer.ts';

async function read(steps: string): Promise<Scenario> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-scenario-'));
  try {
    await writeFile(join(folder, 'scenario.yaml'), `title: t\nsteps:\n${steps}`);
    return await readScenario(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const cluster = { api: undefined, registry: { host: 'r:1' } } as unknown as Cluster; // all that these steps look at
const kubectl: Kubectl = {
  description: 'none',
  run: async (args) => ({ code: 0, stdout: args.join(' '), stderr: '' }),
};

async function play(steps: string): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  const tools = { cluster, kubectl, signer: createBuiltInSigner() };
  await runScenario(await read(steps), tools, (outcome) => outcomes.push(outcome));
  return outcomes;
}

describe('a scenario', () => {
  it.each([
    ['no action', '- title: a', 'it does 0 things'],
    ['two actions', '- {title: a, kubectl: get pods, alerts: true}', 'it does 2 things'],
    ['an unknown field', '- {title: a, kubectl: get pods, onnly: sandbox}', 'unknown field `onnly`'],
  ])('with %s is no scenario', async (_what, steps, problem) => {
    await expect(read(steps)).rejects.toThrow(problem);
  });

  it('leaves steps out whose programs are not there, and says so', async () => {
    const [shell, alerts, prometheus, own] = await play(
      `- {title: a, shell: "kubectl get pods | jq .", programs: [jq]}
- {title: b, alerts: true}
- {title: c, prometheus: {rules: r.yaml}}
- {title: d, kubectl: "get pods"}`,
    );
    expect(shell).toMatchObject({ held: true, skipped: 'there is no kubectl, no jq here' });
    expect(alerts).toMatchObject({ held: true, skipped: 'there is no prometheus here' });
    expect(prometheus).toMatchObject({ held: true, skipped: 'there is no prometheus here' });
    expect(own).toMatchObject({ held: true, result: { stdout: 'get pods' } });
  });

  it('leaves out on a server that is not ours what only the sandbox has', async () => {
    const [outcome] = await play('- {title: a, only: sandbox, kubectl: "get pods", expect: {exit: 1}}');
    expect(outcome).toMatchObject({ held: true });
    expect(outcome?.result).toBeUndefined();
  });

  it('tells a step that ends otherwise', async () => {
    const [outcome] = await play('- {title: a, kubectl: "get pods", expect: {stdout: [nothing]}}');
    expect(outcome).toMatchObject({ held: false, surprise: 'standard output lacks `nothing`' });
  });

  it('knows the registry by name', async () => {
    const [outcome] = await play(`- {title: a, kubectl: "run \${registry:host}/a"}`);
    expect(outcome?.result?.stdout).toBe('run r:1/a');
  });
});

describe('words of a command line', () => {
  it.each([
    ["a 'b c' d", ['a', 'b c', 'd']],
    [`x="y z" w`, ['x=y z', 'w']],
  ])('%s', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });
});
