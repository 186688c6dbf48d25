import { X509Certificate } from 'node:crypto';

/** One thing that must hold for requests to be answered well; the problem when it does not. */
export interface HealthCheck {
  readonly name: string;
  readonly problem: () => string | undefined;
}

export interface HealthReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HealthOptions {
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
}

/**
 * Answers `/livez`, `/readyz` and Kyverno's paths for both. `?verbose` lists the checks, one a line, as the API server
 * does; without it the body is empty while all is well. Other paths are `undefined`.
 */
export function createHealth({ live, ready }: HealthOptions): (path: string, query: string) => HealthReply | undefined {
  return (path, query) => {
    switch (path) {
      case '/health/liveness':
      case '/livez':
        return answer('livez', live, query);
      case '/health/readiness':
      case '/readyz':
      case '/healthz':
        return answer('readyz', ready, query);
      default:
        return undefined;
    }
  };
}

function answer(name: string, checks: readonly HealthCheck[], query: string): HealthReply {
  const found = checks.map((check) => ({ name: check.name, problem: check.problem() }));
  const isGood = found.every(({ problem }) => problem === undefined);
  const lines = found.map((check) =>
    check.problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.problem}`,
  );
  const isVerbose = /(?:^|&)verbose(?:=|&|$)/.test(query);
  const body =
    isGood && !isVerbose ? '' : `${[...lines, `${name} check ${isGood ? 'passed' : 'failed'}`].join('\n')}\n`;
  return { status: isGood ? 200 : 500, contentType: 'text/plain; charset=utf-8', body };
}

/** What is wrong with the certificate that is served at this moment. */
export function certificateProblem(pem: string, now: Date): string | undefined {
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    if (now > validToDate) return `the serving certificate ended at ${validToDate.toISOString()}`;
    if (now < validFromDate) return `the serving certificate begins at ${validFromDate.toISOString()}`;
    return undefined;
  } catch {
    return 'the serving certificate cannot be read';
  }
}
