import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClientTask, FromClient, ToClient } from './client-process.ts';

/** A client that runs. */
export interface Client {
  readonly pid: number;
  tellPorts(ports: readonly (number | null)[]): void;
  /** What it has counted so far. */
  report(): Promise<FromClient>;
  /** Ends it when all it sent is answered, and tells what it has counted. */
  stop(): Promise<FromClient>;
  /** Whatever it does. */
  kill(): void;
}

const PROGRAM = fileURLToPath(new URL('client-process.ts', import.meta.url));

export function startClient(task: ClientTask): Client {
  const child = fork(PROGRAM, [JSON.stringify(task)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  let told = '';

  function send(message: ToClient): void {
    if (child.connected) child.send(message);
  }

  async function ask(question: 'tally' | 'stop'): Promise<FromClient> {
    const answer = nextMessage(child, task.role);
    send({ ask: question });
    return answer;
  }

  return {
    pid: child.pid ?? 0,
    tellPorts(ports) {
      const text = JSON.stringify(ports);
      if (text === told) return;
      told = text;
      send({ ports });
    },
    report: () => ask('tally'),
    async stop() {
      const last = await ask('stop');
      child.disconnect();
      return last;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

function nextMessage(child: ChildProcess, role: string): Promise<FromClient> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`the client \`${role}\` of the soak ended by itself`));
    if (child.exitCode !== null || child.signalCode !== null) fail();
    child.once('exit', fail);
    child.once('message', (message) => {
      child.removeListener('exit', fail);
      resolve(message as FromClient); // the only messages it sends
    });
  });
}
