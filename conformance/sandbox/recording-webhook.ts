import type { ServerResponse } from 'node:http';

interface Review {
  readonly request: {
    readonly uid: string;
    readonly object: {
      readonly metadata?: { readonly annotations?: { readonly hook?: string }; readonly labels?: unknown };
    } | null;
  };
}

/** Answers a review as the webhook of the recording did: by the `hook` annotation of the object. */
export function answerReview(path: string, review: Review, response: ServerResponse, kind = 'Widget'): void {
  const mutating = path.startsWith('/mutate');
  const hook = review.request.object?.metadata?.annotations?.hook ?? '';
  const special = mutating ? mutation(hook) : validation(hook, review, kind);
  if (special.delay !== undefined) {
    setTimeout(() => response.end('{}'), special.delay);
    return;
  }
  response.writeHead(special.status ?? 200, { 'Content-Type': 'application/json' });
  response.end(special.text ?? JSON.stringify(envelope(review, special.response ?? {})));
}

interface Special {
  readonly status?: number;
  readonly text?: string;
  readonly delay?: number;
  readonly response?: object;
}

function envelope(review: Review, response: object): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: review.request.uid, allowed: true, ...response },
  };
}

function patch(operations: unknown): object {
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') };
}

function mutation(hook: string): Special {
  switch (hook) {
    case 'patch':
      return { response: patch([{ op: 'add', path: '/metadata/labels', value: { mutated: 'yes' } }]) };
    case 'badpatch':
      return { response: patch([{ op: 'remove', path: '/spec/nope' }]) };
    case 'invalidpatch':
      return { response: { patchType: 'JSONPatch', patch: Buffer.from('[{"op"').toString('base64') } };
    case 'nopatchtype':
      return { response: { patch: Buffer.from('[]').toString('base64') } };
    case 'breakschema':
      return { response: patch([{ op: 'replace', path: '/spec/size', value: 0 }]) };
    default:
      return {};
  }
}

function validation(hook: string, review: Review, kind: string): Special {
  const denied = (status?: object): Special => ({
    response: { allowed: false, ...(status === undefined ? {} : { status }) },
  });
  switch (hook) {
    case 'deny':
      return denied({ message: 'nope nope' });
    case 'deny-code':
      return denied({ code: 418, message: 'teapot', reason: 'Teapot' });
    case 'deny-empty':
      return denied();
    case 'deny-reason':
      return denied({ reason: 'JustBecause' });
    case 'deny-200':
      return denied({ code: 200, message: 'm' });
    case 'deny-multiline':
      return denied({
        message: `\n\nresource ${kind}/default/x was blocked due to the following policies \n\npol:\n  rule: bad\n`,
      });
    case 'warn':
      return { response: { warnings: ['be careful', 'two\nlines'] } };
    case 'slow':
      return { delay: 2500 };
    case 'http500':
      return { status: 500, text: 'boom' };
    case 'badjson':
      return { text: '' };
    case 'baduid':
      return { response: { uid: 'x' } };
    case 'nogvk':
      return { text: JSON.stringify({ response: { uid: review.request.uid, allowed: true } }) };
    case 'noresp':
      return { text: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }) };
    default:
      return {};
  }
}
