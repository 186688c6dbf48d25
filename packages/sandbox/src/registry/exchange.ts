import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer decided on but not yet sent, so that faults can still bend it. */
export interface RegistryAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: Buffer;
}

/** An error document of the OCI distribution specification, "Error Codes". */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): RegistryAnswer {
  return jsonAnswer({ errors: [{ code, message }] }, status, headers);
}

export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): RegistryAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** Writes the answer; a HEAD request gets the headers alone, with the length the GET would have. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: RegistryAnswer): void {
  const body = answer.body ?? Buffer.alloc(0);
  response.writeHead(answer.status, {
    'docker-distribution-api-version': 'registry/2.0',
    ...answer.headers,
    'content-length': String(body.length),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The request body, or `too-large` as soon as it exceeds the limit (the rest is not kept), or `aborted`. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) resolve('too-large');
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });
}
