import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { stringify as toYaml } from 'yaml';
import type { StatusError } from '../api/status-error.ts';
import type { ResponseFormat } from './accept.ts';

const WARNING_LIMIT = 4096;

/** Writes one answer, with the warnings collected for it. */
export interface Responder {
  readonly response: ServerResponse;
  /** Collects a warning; one with a line break is dropped, as the real server does. */
  warn(text: string): void;
  /** Starts a stream of events. */
  startStream(contentType: string): void;
  text(code: number, body: string, contentType: string): void;
  json(code: number, body: string, format?: ResponseFormat): void;
  error(error: StatusError): void;
}

/** Told how a request was answered; `text` is absent for streams. */
export interface AnswerWatcher {
  answered(code: number, text: string | undefined, warnings: readonly string[]): void;
}

/** Wraps a Node response. */
export function createResponder(response: ServerResponse, watcher?: AnswerWatcher): Responder {
  const warnings: string[] = [];

  function head(contentType: string): void {
    response.setHeader('Audit-Id', randomUUID());
    response.setHeader('Cache-Control', 'no-cache, private');
    response.setHeader('Content-Type', contentType);
    if (warnings.length > 0) {
      response.setHeader('Warning', warnings);
    }
  }

  function text(code: number, body: string, contentType: string): void {
    if (response.headersSent || response.destroyed) {
      return;
    }
    head(contentType);
    const bytes = Buffer.from(body);
    response.setHeader('Content-Length', bytes.length);
    response.writeHead(code);
    response.end(bytes);
    watcher?.answered(code, body, warnings);
  }

  return {
    response,
    warn(warning) {
      const line = `299 - ${quote(warning)}`;
      if (!/[\r\n]/.test(warning) && !warnings.includes(line) && warning.length <= WARNING_LIMIT) {
        warnings.push(line);
      }
    },
    startStream(contentType) {
      head(contentType);
      response.writeHead(200);
      response.flushHeaders();
      watcher?.answered(200, undefined, warnings);
    },
    text,
    json(code, body, format) {
      if (format?.encoding === 'yaml') {
        text(code, toYaml(JSON.parse(body)), 'application/yaml');
      } else {
        text(code, `${body}\n`, 'application/json');
      }
    },
    error(error) {
      if (error.retryAfter !== undefined) {
        response.setHeader('Retry-After', String(error.retryAfter));
      }
      text(error.code, `${JSON.stringify(error.status)}\n`, 'application/json');
    },
  };
}

/** A quoted string of RFC 7230; other than ASCII becomes its UTF-8 bytes, which is what Go sends. */
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `"${Buffer.from(escaped).toString('latin1')}"`;
}
