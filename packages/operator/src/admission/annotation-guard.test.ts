import { describe, expect, it } from 'vitest';
import { restoreProtectedAnnotations, stripProtectedAnnotations } from './annotation-guard.ts';

const KEY = 'kyverno.io/verify-images';
const PATH = '/metadata/annotations/kyverno.io~1verify-images';
const PASS = '{"ghcr.io/a/b@sha256:1":"pass"}';
const pod = (annotations?: Record<string, string>) => ({
  kind: 'Pod',
  metadata: { name: 'p', ...(annotations ? { annotations } : {}) },
});

describe('what a submitter claims about verification is removed', () => {
  it('keeps everything else', () => {
    const { object, operations } = stripProtectedAnnotations(pod({ [KEY]: PASS, a: 'b' }));
    expect(object).toEqual(pod({ a: 'b' }));
    expect(operations).toEqual([{ op: 'remove', path: PATH }]);
  });

  it('knows every annotation that others trust', () => {
    const claims = pod({
      [KEY]: PASS,
      'kyverno.io/verify-images-scoped': 'x',
      'kyverno.io/image-verification-outcomes': 'y',
    });
    expect(stripProtectedAnnotations(claims).object).toEqual(pod({}));
    expect(stripProtectedAnnotations(claims).operations).toHaveLength(3);
  });

  it.each([
    ['no annotations', pod()],
    ['others only', pod({ a: 'b' })],
    ['annotations that are no map', { metadata: { annotations: 'x' } }],
    ['no metadata', {}],
  ])('leaves an object untouched: %s', (_, object) => {
    expect(stripProtectedAnnotations(object)).toEqual({ object, operations: [] });
  });
});

describe('a subresource changes no claim', () => {
  it.each([
    [
      'changed through pods/status',
      pod({ [KEY]: 'forged' }),
      pod({ [KEY]: PASS }),
      [{ op: 'replace', path: PATH, value: PASS }],
    ],
    [
      'removed through pods/status',
      pod(),
      pod({ [KEY]: PASS }),
      [
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: PATH, value: PASS },
      ],
    ],
    ['added through pods/status', pod({ [KEY]: PASS }), pod(), [{ op: 'remove', path: PATH }]],
    ['on a binding, which copies to the Pod', pod({ [KEY]: PASS }), undefined, [{ op: 'remove', path: PATH }]],
    ['unchanged', pod({ [KEY]: PASS, a: '1' }), pod({ [KEY]: PASS, a: '2' }), []],
  ])('%s', (_, object, oldObject, expected) => {
    expect(restoreProtectedAnnotations(object, oldObject)).toEqual(expected);
  });
});
