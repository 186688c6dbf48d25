import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { JsonObject } from '../../store/json-value.ts';
import type { ServiceResolver } from '../service-resolver.ts';
import type { Webhook } from './webhook-configuration.ts';

/** The text of an answer, or why there is none in the words of Go's client. */
export type CallResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** Calls webhooks over TLS and keeps their connections. */
export interface WebhookClient {
  call(webhook: Webhook, review: JsonObject): Promise<CallResult>;
  stop(): void;
}

const ANSWER_LIMIT = 16 * 1024 * 1024;
const decompress = promisify(gunzip);

/** Creates a client; `services` knows where Services of the sandbox listen. */
export function createWebhookClient(services: ServiceResolver): WebhookClient {
  const agents = new Map<string, Agent>();

  function agentFor(webhook: Webhook, servername: string): Agent {
    const key = `${servername} ${webhook.caBundle ?? ''}`;
    let agent = agents.get(key);
    if (agent === undefined) {
      agent = new Agent({
        keepAlive: true,
        maxSockets: 100,
        servername,
        ...(webhook.caBundle === undefined ? {} : { ca: webhook.caBundle }),
      });
      agents.set(key, agent);
    }
    return agent;
  }

  return {
    async call(webhook, review) {
      const address = addressOf(webhook, services);
      const shown = address.shown;
      if (address.problem !== undefined) {
        return { ok: false, message: `Post ${JSON.stringify(shown)}: ${address.problem}` };
      }
      try {
        const answer = await post(webhook, address, agentFor(webhook, address.servername), JSON.stringify(review));
        return answer;
      } catch (error) {
        return { ok: false, message: `Post ${JSON.stringify(shown)}: ${goErrorText(error, address)}` };
      }
    },
    stop() {
      for (const agent of agents.values()) {
        agent.destroy();
      }
      agents.clear();
    },
  };
}

interface Address {
  /** The URL as error texts show it. */
  readonly shown: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly hostHeader: string;
  readonly servername: string;
  readonly problem: string | undefined;
}

function addressOf({ target, timeoutSeconds }: Webhook, services: ServiceResolver): Address {
  if (target.kind === 'service') {
    const { namespace, name, port, path } = target;
    const servername = `${name}.${namespace}.svc`;
    const hostHeader = `${servername}:${port}`;
    const fullPath = withTimeout(`${path.startsWith('/') ? '' : '/'}${path}`, timeoutSeconds);
    const local = services.resolve(namespace, name, port);
    return {
      shown: `https://${hostHeader}${fullPath}`,
      host: '127.0.0.1',
      port: local ?? 0,
      path: fullPath,
      hostHeader,
      servername,
      problem: local === undefined ? `service ${JSON.stringify(name)} not found` : undefined,
    };
  }
  const url = URL.parse(target.url);
  const path = withTimeout(url === null ? '/' : `${url.pathname}${url.search}`, timeoutSeconds);
  const host = url?.hostname ?? '';
  return {
    shown: `${url?.origin ?? target.url}${path}`,
    host,
    port: Number(url?.port || 443),
    path,
    hostHeader: url?.host ?? '',
    // An address needs no server name; Node refuses one.
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    problem: url?.protocol === 'https:' ? undefined : 'unsupported protocol scheme',
  };
}

function withTimeout(path: string, seconds: number): string {
  return `${path}${path.includes('?') ? '&' : '?'}timeout=${seconds}s`;
}

function post(webhook: Webhook, address: Address, agent: Agent, body: string): Promise<CallResult> {
  const bytes = Buffer.from(`${body}\n`);
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        method: 'POST',
        host: address.host,
        port: address.port,
        path: address.path,
        agent,
        setHost: false,
        headers: {
          Host: address.hostHeader,
          'User-Agent': 'kube-apiserver-admission',
          'Content-Length': bytes.length,
          Accept: 'application/json, */*',
          'Content-Type': 'application/json',
          'Accept-Encoding': 'gzip',
        },
      },
      (answer) => {
        readAnswer(answer).then(resolve, reject);
      },
    );
    const deadline = setTimeout(() => {
      outgoing.destroy(new Error('context deadline exceeded'));
    }, webhook.timeoutSeconds * 1000);
    outgoing.on('close', () => clearTimeout(deadline));
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<CallResult> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    // Node delivers buffers unless an encoding is set, and none is.
    const buffer = chunk as Buffer;
    size += buffer.length;
    if (size > ANSWER_LIMIT) {
      return { ok: false, message: `the webhook answered more than ${ANSWER_LIMIT} bytes` };
    }
    chunks.push(buffer);
  }
  const raw = Buffer.concat(chunks);
  const zipped = answer.headers['content-encoding'] === 'gzip';
  const text = (zipped ? await decompress(raw, { maxOutputLength: ANSWER_LIMIT }) : raw).toString('utf8');
  const status = answer.statusCode ?? 0;
  return status >= 200 && status <= 206 ? { ok: true, text } : { ok: false, message: statusText(status, text) };
}

/** How client-go tells HTTP failures whose body is no Status. */
function statusText(status: number, text: string): string {
  const body = text.trim();
  if (status >= 500) {
    return `an error on the server (${JSON.stringify(body === '' ? 'unknown' : body)}) has prevented the request from succeeding`;
  }
  switch (status) {
    case 404:
      return 'the server could not find the requested resource';
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
      return `unknown`;
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 429:
      return 'the server has received too many requests and has asked us to try again later';
    default:
      return 'the server rejected our request for an unknown reason';
  }
}

function goErrorText(error: unknown, { host, port, servername }: Address): string {
  const code = errorCode(error);
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${host}:${port}: connect: connection refused`;
    case 'ECONNRESET':
    case 'EPIPE':
      return 'EOF';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: no such host`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is not valid for ${servername === '' ? host : servername}`;
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    default:
      return error instanceof Error ? error.message : 'unknown error';
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
