import { lookup as resolveName } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { HttpRules } from './http-rules.ts';

export interface UrlCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** PEM of the only authorities to be believed. */
  readonly caBundle: string | undefined;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** What stands beside the status: `Not Found`. */
  readonly statusText: string;
  readonly text: string;
  /** Where a redirect leads. */
  readonly location: string | undefined;
}

/** Most bytes of an answer (Kyverno's `--maxAPICallResponseLength`, as its chart sets it). */
export const MAX_RESPONSE_BYTES = 2_000_000;

/** One request, on a connection of its own. Rejects when nothing answers, when it may not be asked, or says too much. */
export function callUrl({ method, url, headers, body, caBundle, signal }: UrlCall, rules: HttpRules): Promise<Answer> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const options = {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal,
    agent: false,
    lookup: checkedLookup(rules),
    ...(caBundle === undefined ? {} : { ca: caBundle }),
  } as const;
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(isRefusal(error) ? error : new Error(`request failed: ${error.message}`));
    const request = send(url, options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > MAX_RESPONSE_BYTES) request.destroy(new TooLong());
        else parts.push(part);
      });
      response.on('error', fail);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const { location } = response.headers;
        resolve({
          status,
          statusText: response.statusMessage ?? '',
          text: Buffer.concat(parts).toString('utf8'),
          location: status >= 300 && status < 400 ? location : undefined,
        });
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

class Refusal extends Error {}

/** An answer was longer than is read. */
export class TooLong extends Refusal {
  constructor() {
    super(`request failed: the response is longer than ${MAX_RESPONSE_BYTES} bytes`);
  }
}

function isRefusal(error: Error): boolean {
  return error instanceof Refusal;
}

/** Looks a name up and lets only addresses through that may be called; what is connected to is what was checked. */
function checkedLookup(rules: HttpRules): LookupFunction {
  return (host, options, callback) => {
    resolveName(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) {
        callback(error ?? new Error(`no address for ${host}`), '');
        return;
      }
      for (const { address } of addresses) {
        const refusal = rules.refusedAddress(address, host);
        if (refusal === undefined) continue;
        callback(new Refusal(refusal), '');
        return;
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
