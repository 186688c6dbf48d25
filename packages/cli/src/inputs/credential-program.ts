import { spawn } from 'node:child_process';
import { isJsonObject, type Json, member } from '@vouchsafe/engine/kernel';
import type { Credential } from '@vouchsafe/images';

const MOST_BYTES = 256 * 1024;
const MOST_MS = 10_000;
/** What stands for the name of somebody whose secret is an identity token. */
const TOKEN_NAME = '<token>';

/**
 * Asks `docker-credential-PROGRAM get` for what it keeps for a server, as docker does: the server on its standard input, JSON
 * as the answer. Undefined when it fails, keeps nothing, is not installed or does not answer in time. What it says is not shown.
 * https://github.com/docker/docker-credential-helpers
 */
export async function askCredentialProgram(
  program: string,
  server: string,
  { env, signal }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<Credential | undefined> {
  const answer = await run(`docker-credential-${program}`, server, env, signal);
  if (answer === undefined) return undefined;
  const username = member(answer, 'Username');
  const secret = member(answer, 'Secret');
  if (typeof username !== 'string' || typeof secret !== 'string' || username === '' || secret === '') return undefined;
  if (username === TOKEN_NAME) return { kind: 'identity-token', token: secret };
  return { kind: 'password', username, password: secret };
}

function run(
  program: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ReturnType<typeof readAnswer>> {
  return new Promise((resolve) => {
    const child = spawn(program, ['get'], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]),
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
    const parts: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (part: Buffer) => {
      length += part.length;
      if (length > MOST_BYTES) giveUp();
      else parts.push(part);
    });
    // What the program started may hold on to the pipe.
    const giveUp = (): void => {
      child.kill('SIGKILL');
      child.stdout.destroy();
      resolve(undefined);
    };
    // It is not there, the time is over, or it does not read what it is told.
    child.on('error', giveUp);
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => resolve(code === 0 ? readAnswer(Buffer.concat(parts).toString('utf8')) : undefined));
    child.stdin.end(input);
  });
}

function readAnswer(text: string) {
  try {
    // JSON.parse gives exactly the Json type.
    const document = JSON.parse(text) as Json;
    return isJsonObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}
