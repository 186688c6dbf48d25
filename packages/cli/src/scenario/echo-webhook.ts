import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { createCertificate, generateKeyPair } from '@vouchsafe/kube/pki';
import type { ScenarioWebhook } from './scenario.ts';

/** A webhook that is up. */
export interface EchoWebhook {
  readonly url: string;
  /** base64 of its certificate, as `clientConfig.caBundle` wants it. */
  readonly caBundle: string;
  stop(): Promise<void>;
}

interface Review {
  readonly request: {
    readonly uid: string;
    readonly object: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: unknown;
    };
  };
}

const DAY_MS = 86_400_000;

/** Starts the webhook on a loopback port, with a certificate of its own for the address. */
export async function startEchoWebhook(webhook: ScenarioWebhook): Promise<EchoWebhook> {
  const { publicKey, privateKey, privateKeyPem } = generateKeyPair('ecdsa-p256');
  const { pem } = createCertificate({
    subject: { commonName: webhook.name },
    publicKey,
    signingKey: privateKey,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    isCertificateAuthority: false,
    subjectAlternativeNames: [{ type: 'ip', value: '127.0.0.1' }],
    extendedKeyUsages: ['serverAuth'],
  });
  const server = createServer({ key: privateKeyPem, cert: pem }, (request, response) => {
    readText(request)
      .then((text) => {
        const review = JSON.parse(text) as Review; // the API server sends it
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ ...review, response: answer(webhook, review) }));
      })
      .catch(() => response.writeHead(400).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}/mutate`,
    caBundle: Buffer.from(pem).toString('base64'),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer({ name, requires }: ScenarioWebhook, { request: { uid, object } }: Review): unknown {
  const { annotations } = object.metadata;
  if (requires && annotations?.[requires.annotation] === undefined) {
    return { uid, allowed: false, status: { message: requires.message } };
  }
  const seen = JSON.stringify({ annotations: annotations ?? {}, spec: object.spec });
  const patch = [
    ...(annotations ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }]),
    { op: 'add', path: `/metadata/annotations/seen.by~1${name}`, value: seen },
  ];
  return { uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}
