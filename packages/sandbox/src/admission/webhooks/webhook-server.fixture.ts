import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createLoopbackTls } from '../../../../kube/src/pki/loopback-tls.fixture.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { isJsonObject, objectAt } from '../../store/json-value.ts';

/** One call a test webhook got. */
export interface WebhookCall {
  readonly path: string;
  readonly request: JsonObject;
}

/** What a test webhook answers: a response to complete, raw text, a status, or nothing for a while. */
export interface WebhookReply {
  readonly response?: JsonObject | null;
  readonly text?: string;
  readonly status?: number;
  readonly delay?: number;
}

/** A webhook on loopback for tests. */
export interface TestWebhook {
  readonly port: number;
  readonly caBundle: string;
  readonly calls: WebhookCall[];
  stop(): Promise<void>;
}

/** Starts a webhook whose certificate is for `names` (and 127.0.0.1). */
export async function startTestWebhook(
  reply: (call: WebhookCall) => WebhookReply,
  names: readonly string[] = [],
): Promise<TestWebhook> {
  const tls = createLoopbackTls('test-webhook', names);
  const calls: WebhookCall[] = [];
  const server = createServer(tls, (incoming, outgoing) => {
    let text = '';
    incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    incoming.on('end', () => {
      const review: unknown = JSON.parse(text);
      const request = objectAt(review as JsonObject, 'request') ?? {};
      const call = { path: incoming.url ?? '', request };
      calls.push(call);
      const answer = reply(call);
      setTimeout(() => {
        outgoing.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json' });
        outgoing.end(answer.text ?? JSON.stringify(envelope(request, answer.response)));
      }, answer.delay ?? 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A TCP server's address is an object.
    port: (server.address() as AddressInfo).port,
    caBundle: btoa(tls.cert),
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function envelope(request: JsonObject, response: JsonObject | null | undefined): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    ...(response === null ? {} : { response: { uid: request['uid'] ?? '', allowed: true, ...response } }),
  };
}

/** A JSON patch as a response carries it. */
export function patchResponse(operations: JsonObject[]): JsonObject {
  return { patchType: 'JSONPatch', patch: btoa(JSON.stringify(operations)) };
}

/** The annotation `hook` of the object under review. */
export function hookOf({ request }: WebhookCall): string {
  const object = request['object'];
  const metadata = isJsonObject(object) ? objectAt(object, 'metadata') : undefined;
  const hook = objectAt(metadata, 'annotations')?.['hook'];
  return typeof hook === 'string' ? hook : '';
}
