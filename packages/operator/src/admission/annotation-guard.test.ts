import { describe, expect, it } from 'vitest';
import { guardAnnotations } from './annotation-guard.ts';

const KEY = 'kyverno.io/verify-images';
const PATH = '/metadata/annotations/kyverno.io~1verify-images';
const pod = (annotations?: Record<string, string>) => ({
  metadata: { name: 'p', ...(annotations ? { annotations } : {}) },
});
const PASS = '{"ghcr.io/a/b@sha256:1":"pass"}';

describe('the verification annotations cannot be forged', () => {
  it.each([
    [
      'pre-set on CREATE where no rule matched: removed',
      'CREATE',
      '',
      pod({ [KEY]: PASS, a: 'b' }),
      undefined,
      {},
      [{ op: 'remove', path: PATH }],
    ],
    [
      'pre-set on CREATE where a rule ran: replaced',
      'CREATE',
      '',
      pod({ [KEY]: 'forged' }),
      undefined,
      { [KEY]: PASS },
      [{ op: 'replace', path: PATH, value: PASS }],
    ],
    [
      'no annotations at all: the map is made',
      'CREATE',
      '',
      pod(),
      undefined,
      { [KEY]: PASS },
      [
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: PATH, value: PASS },
      ],
    ],
    [
      'label removed by UPDATE, no rule matches any more: removed',
      'UPDATE',
      '',
      pod({ [KEY]: PASS }),
      pod({ [KEY]: PASS }),
      {},
      [{ op: 'remove', path: PATH }],
    ],
    [
      'verified again with the same outcome: untouched',
      'UPDATE',
      '',
      pod({ [KEY]: PASS }),
      pod({ [KEY]: PASS }),
      { [KEY]: PASS },
      [],
    ],
    [
      'through pods/status: put back',
      'UPDATE',
      'status',
      pod({ [KEY]: 'forged' }),
      pod({ [KEY]: PASS }),
      {},
      [{ op: 'replace', path: PATH, value: PASS }],
    ],
    [
      'removed through pods/status: put back',
      'UPDATE',
      'status',
      pod(),
      pod({ [KEY]: PASS }),
      {},
      [
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: PATH, value: PASS },
      ],
    ],
    [
      'added through pods/status: removed',
      'UPDATE',
      'status',
      pod({ [KEY]: PASS }),
      pod(),
      {},
      [{ op: 'remove', path: PATH }],
    ],
    [
      'on a binding, which copies to the Pod: removed',
      'CREATE',
      'binding',
      pod({ [KEY]: PASS }),
      undefined,
      {},
      [{ op: 'remove', path: PATH }],
    ],
    [
      'ephemeral containers are verified: the new outcome',
      'UPDATE',
      'ephemeralcontainers',
      pod({ [KEY]: 'old' }),
      pod({ [KEY]: 'old' }),
      { [KEY]: PASS },
      [{ op: 'replace', path: PATH, value: PASS }],
    ],
  ] as const)('%s', (_, operation, subresource, object, oldObject, verified, expected) => {
    expect(guardAnnotations({ operation, subresource, object, oldObject, verified })).toEqual(expected);
  });

  it('guards every annotation others may trust', () => {
    const object = pod({ 'kyverno.io/verify-images-scoped': 'x', 'kyverno.io/image-verification-outcomes': 'y' });
    const operations = guardAnnotations({
      operation: 'CREATE',
      subresource: '',
      object,
      oldObject: undefined,
      verified: {},
    });
    expect(operations.map(({ op }) => op)).toEqual(['remove', 'remove']);
  });
});
