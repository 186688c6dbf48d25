import { spawn } from 'node:child_process';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { mismatch, resolve } from './assertion.ts';
import type { Bindings, Operation } from './read-test.ts';
import type { Surroundings } from './run-operation.ts';

/** The tool calls a script comes to, as the corpus lists them. */
export interface ScriptRecord {
  readonly commands: readonly ToolCall[];
  /** What the output of all of them must hold. */
  readonly outputContains?: readonly string[];
  /** What the script as a whole must come to: `$error`, `$stdout`, `$stderr`. */
  readonly check?: Json;
}

interface ToolCall {
  readonly bin: string;
  readonly args: readonly string[];
  readonly expect: string;
  /** A text the script looks for in this call's output, instead of at how it ended. */
  readonly outputContains?: string;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `command` names a tool and its words; without a `check` it must end with 0. */
export async function runCommand(given: JsonObject, bindings: Bindings, around: Surroundings) {
  const program = around.programs[String(given['entrypoint'])];
  if (program === undefined) return `no program \`${String(given['entrypoint'])}\``;
  const words = (Array.isArray(given['args']) ? given['args'] : []).map((word) => String(resolve(word, bindings)));
  const outcome = await call(program, inNamespace(words, around), around);
  const check = given['check'];
  if (check === undefined) return outcome.code === 0 ? undefined : told(words, outcome);
  return checked(check, bindings, outcome);
}

/** A `script` is what the corpus says it calls, one after another. */
export async function runScript(operation: Operation, bindings: Bindings, around: Surroundings) {
  const record = around.script(operation);
  if (!record) return 'the corpus does not say what the script runs';
  const all = { code: 0, stdout: '', stderr: '' };
  for (const call of record.commands) {
    const program = around.programs[call.bin];
    if (program === undefined) return `no program \`${call.bin}\``;
    const outcome = await run(program, inNamespace(call.args, around), around);
    const problem = unlike(call, outcome);
    if (problem !== undefined) return problem;
    all.code = outcome.code;
    all.stdout += outcome.stdout;
    all.stderr += outcome.stderr;
  }
  const missing = (record.outputContains ?? []).find((text) => !`${all.stdout}${all.stderr}`.includes(text));
  if (missing !== undefined) return `the output lacks \`${missing}\`: ${all.stdout}${all.stderr}`.slice(0, 500);
  return record.check === undefined ? undefined : checked(record.check, bindings, all);
}

function unlike({ bin, args, expect, outputContains }: ToolCall, outcome: Outcome): string | undefined {
  const words = [bin, ...args];
  if (outputContains !== undefined) {
    const holds = `${outcome.stdout}${outcome.stderr}`.includes(outputContains);
    return holds ? undefined : `the output lacks \`${outputContains}\`: ${told(words, outcome)}`;
  }
  if (expect === 'ok' && outcome.code !== 0) return told(words, outcome);
  if (expect === 'fail' && outcome.code === 0) return `${words.join(' ')} was to fail`;
  return undefined;
}

function checked(check: Json, bindings: Bindings, { code, stdout, stderr }: Outcome): string | undefined {
  const problem = mismatch(check, null, {
    ...bindings,
    error: code === 0 ? null : `exit status ${code}`,
    stdout,
    stderr,
  });
  return problem === undefined ? undefined : `${problem} (ended with ${code}: ${stdout}${stderr})`.slice(0, 1500);
}

function told(words: readonly string[], { code, stdout, stderr }: Outcome): string {
  return `${words.join(' ')} ended with ${code}: ${stdout}${stderr}`.slice(0, 1500);
}

function inNamespace(words: readonly string[], { namespace }: Surroundings): readonly string[] {
  return words.map((word) => word.replaceAll('$NAMESPACE', namespace));
}

/** `kubectl evict POD -n NAMESPACE` is a plugin's; what it posts is posted here. */
function call(program: string, words: readonly string[], around: Surroundings): Promise<Outcome> {
  const [command, name = '', flag, namespace = ''] = words;
  if (command !== 'evict' || flag !== '-n') return run(program, words, around);
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  return run(program, ['create', '--raw', path, '-f', '-'], around, JSON.stringify(eviction));
}

function run(program: string, args: readonly string[], around: Surroundings, input?: string): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd: around.folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: '/nonexistent',
        KUBECONFIG: around.kubeconfig,
        NAMESPACE: around.namespace,
      },
      timeout: 30_000,
    });
    child.stdin.end(input ?? '');
    const texts = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk: Buffer) => {
        texts[stream] += chunk.toString();
      });
    child.on('error', (error) => done({ code: 127, stdout: '', stderr: error.message }));
    child.on('close', (code) => done({ code: code ?? 1, ...texts }));
  });
}
