import { request as httpsRequest } from 'node:https';
import type { Cluster } from '../cluster/start-cluster.ts';
import type { CommandResult } from './kubectl.ts';
import type { ScenarioStep } from './scenario.ts';

/** Speaks to the webhook server directly, as an attacker in the cluster could. The status is the exit code: 0 for 200. */
export function postReview(
  cluster: Cluster,
  { path, body, bytes, contentType = 'application/json' }: NonNullable<ScenarioStep['post']>,
): Promise<CommandResult> {
  const payload = bytes === undefined ? (body ?? '') : 'x'.repeat(bytes);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: cluster.operator.ready?.webhookPort,
        path,
        method: 'POST',
        rejectUnauthorized: false,
        headers: { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ code: response.statusCode === 200 ? 0 : (response.statusCode ?? 1), stdout: text, stderr: '' }),
        );
      },
    );
    // a server that refuses a body may close before all of it was sent; its answer is what counts
    request.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET'
        ? resolve({ code: 413, stdout: '', stderr: error.code })
        : reject(error),
    );
    request.end(payload);
  });
}
