import { type CertificateExtension, derUtf8String, type SubjectAlternativeNameRequest } from '@vouchsafe/kube/pki';

/** Claims of an OIDC identity token, as the issuers Fulcio knows write them. */
export interface IdentityClaims {
  iss: string;
  sub: string;
  email?: string;
  email_verified?: boolean;
  /** Anything else: GitHub's `job_workflow_ref`, `repository`, … */
  [claim: string]: string | number | boolean | undefined;
}

const FULCIO = '1.3.6.1.4.1.57264.1';
const GITHUB = 'https://github.com/';
export const FULCIO_USERNAME_OID = `${FULCIO}.7`;

/** Claims copied as bare strings (Fulcio's first, deprecated, extensions): number → claim. */
const BARE_EXTENSIONS: readonly [number, string][] = [
  [1, 'iss'],
  [2, 'event_name'],
  [3, 'sha'],
  [4, 'workflow'],
  [5, 'repository'],
  [6, 'ref'],
];

/** Claims written as UTF8String: number, claim, prefix. From Fulcio's documented list of object identifiers. */
const TEXT_EXTENSIONS: readonly [number, string, string][] = [
  [8, 'iss', ''],
  [9, 'job_workflow_ref', GITHUB],
  [10, 'job_workflow_sha', ''],
  [11, 'runner_environment', ''],
  [12, 'repository', GITHUB],
  [13, 'sha', ''],
  [14, 'ref', ''],
  [15, 'repository_id', ''],
  [16, 'repository_owner', GITHUB],
  [17, 'repository_owner_id', ''],
  [18, 'workflow_ref', GITHUB],
  [19, 'workflow_sha', ''],
  [20, 'event_name', ''],
  [22, 'repository_visibility', ''],
];

/** The subject alternative name Fulcio derives from a token. */
export function subjectOf(claims: IdentityClaims): SubjectAlternativeNameRequest {
  if (claims.email !== undefined) return { type: 'email', value: claims.email };
  const workflow = claims['job_workflow_ref'];
  if (typeof workflow === 'string') return { type: 'uri', value: GITHUB + workflow };
  const username = claims['username'];
  if (typeof username === 'string') return { type: 'otherName', value: username, oid: FULCIO_USERNAME_OID };
  return { type: 'uri', value: claims.sub };
}

/** The certificate extensions Fulcio copies from a token. */
export function extensionsOf(claims: IdentityClaims): CertificateExtension[] {
  const extensions: CertificateExtension[] = [];
  const add = (number: number, value: Uint8Array) =>
    extensions.push({ oid: `${FULCIO}.${number}`, critical: false, value });
  for (const [number, name] of BARE_EXTENSIONS) {
    const text = claims[name];
    if (text !== undefined) add(number, Buffer.from(String(text)));
  }
  for (const [number, name, prefix] of TEXT_EXTENSIONS) {
    const text = claims[name];
    if (text !== undefined) add(number, derUtf8String(prefix + String(text)));
  }
  const invocation = runInvocationOf(claims);
  if (invocation !== undefined) add(21, derUtf8String(invocation));
  return extensions;
}

function runInvocationOf(claims: IdentityClaims): string | undefined {
  const { repository, run_id: run, run_attempt: attempt = '1' } = claims;
  if (repository === undefined || run === undefined) return undefined;
  return `${GITHUB}${repository}/actions/runs/${run}/attempts/${attempt}`;
}
