import { Agent, request } from 'node:https';

/** One raw answer. */
export interface RawAnswer {
  readonly code: number;
  readonly contentType: string;
  readonly warning: string | undefined;
  readonly text: string;
}

/** Sends requests without credentials, as the recordings were made. */
export interface RawClient {
  send(method: string, path: string, body: string | undefined, headers: Record<string, string>): Promise<RawAnswer>;
  /** Opens a stream, runs `act` while it is open, and gives what arrived after `settleMilliseconds` more. */
  stream(
    path: string,
    headers: Record<string, string>,
    settleMilliseconds: number,
    act?: () => Promise<void>,
  ): Promise<RawAnswer>;
  close(): void;
}

/** A client for one server and its authority. */
export function createRawClient(port: number, caPem: string): RawClient {
  const agent = new Agent({ keepAlive: true, ca: caPem });

  function open(method: string, path: string, body: string | undefined, headers: Record<string, string>) {
    return new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          agent,
          headers: { 'User-Agent': 'probe', ...headers, 'Content-Length': Buffer.byteLength(body ?? '') },
        },
        resolve,
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  return {
    async send(method, path, body, headers) {
      const answer = await open(method, path, body, headers);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return describe(answer, Buffer.concat(chunks).toString('utf8'));
    },
    async stream(path, headers, settleMilliseconds, act) {
      const answer = await open('GET', path, undefined, headers);
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      const ended = new Promise((resolve) => answer.on('close', resolve));
      await act?.();
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, settleMilliseconds))]);
      answer.destroy();
      return describe(answer, text);
    },
    close: () => agent.destroy(),
  };
}

function describe(answer: import('node:http').IncomingMessage, text: string): RawAnswer {
  const warning = answer.headers['warning'];
  return {
    code: answer.statusCode ?? 0,
    contentType: answer.headers['content-type'] ?? '',
    warning: Array.isArray(warning) ? warning.join(', ') : warning,
    text,
  };
}
