import { describe, expect, it } from 'vitest';
import { parseAdmissionReview, renderAdmissionReview } from './review.ts';

const request = {
  uid: 'u1',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  operation: 'CREATE',
  namespace: 'default',
  userInfo: { username: 'jane', groups: ['devs', 7] },
  object: { metadata: { name: 'web' } },
  oldObject: null,
};
const review = (part: object = {}, whole: object = {}) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { ...request, ...part },
    ...whole,
  });

describe('an AdmissionReview', () => {
  it('is read', () => {
    expect(parseAdmissionReview(review())).toEqual({
      uid: 'u1',
      operation: 'CREATE',
      subresource: '',
      namespace: 'default',
      username: 'jane',
      groups: ['devs'],
      object: request.object,
      oldObject: undefined,
      document: request,
    });
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['half of one', review().slice(0, -5)],
    ['another kind', review({}, { kind: 'TokenReview' })],
    ['another version', review({}, { apiVersion: 'admission.k8s.io/v1beta1' })],
    ['no request', review({}, { request: undefined })],
    ['a request that is a list', review({}, { request: [] })],
    ['no uid', review({ uid: '' })],
    ['a uid that is no text', review({ uid: 7 })],
    ['an operation of nobody', review({ operation: 'PATCH' })],
    ['an operation named like a member of objects', review({ operation: 'constructor' })],
    ['no kind', review({ kind: 'Pod' })],
    ['a list of reviews', `[${review()}]`],
    ['null', 'null'],
    ['brackets without end', '['.repeat(1_000_000)],
    ['nesting without end', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  ])('is none: %s', (_, body) => {
    expect(parseAdmissionReview(body)).toBeUndefined();
  });

  it.each<[string, object, object]>([
    ['a user that is no object', { userInfo: 'root' }, { username: '', groups: [] }],
    [
      'groups that are no list',
      { userInfo: { username: 'u', groups: 'system:masters' } },
      { username: 'u', groups: [] },
    ],
    ['a name that is no text', { userInfo: { username: ['system:admin'] } }, { username: '' }],
    ['a namespace that is no text', { namespace: { a: 1 } }, { namespace: '' }],
    ['an object that is a list', { object: [] }, { object: undefined }],
  ])('%s counts as absent', (_, part, expected) => {
    expect(parseAdmissionReview(review(part))).toMatchObject(expected);
  });

  it('cannot change what objects inherit', () => {
    const body = review().replace(
      '"uid":"u1"',
      '"__proto__":{"uid":"forged","operation":"DELETE","polluted":true},"uid":"u1"',
    );
    const parsed = parseAdmissionReview(body);
    expect(parsed).toMatchObject({ uid: 'u1', operation: 'CREATE' });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const only = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    expect(
      parseAdmissionReview(`${only.slice(0, -1)},"__proto__":{"request":${JSON.stringify(request)}}}`),
    ).toBeUndefined();
  });
});

describe('its answer', () => {
  const render = (answer: Parameters<typeof renderAdmissionReview>[1]) =>
    JSON.parse(renderAdmissionReview('u1', answer));

  it('holds the verdict and does not echo the request', () => {
    expect(render({ allowed: true, patch: [], warnings: [] })).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      response: { uid: 'u1', allowed: true },
    });
  });

  it('holds message, warnings of one line and patch', () => {
    const patch = [{ op: 'add', path: '/metadata/labels', value: { ü: 'x' } }];
    const { response } = render({ allowed: false, message: 'a\nb', warnings: ['one\n  two', 'three'], patch });
    expect(response.status).toEqual({ metadata: {}, status: 'Failure', message: 'a\nb' });
    expect(response.warnings).toEqual(['one two', 'three']);
    expect(response.patchType).toBe('JSONPatch');
    expect(JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'))).toEqual(patch);
  });
});
