import { describe, expect, it } from 'vitest';
import { quotedKeyHint } from './quoted-key-hint.ts';

describe('quotedKeyHint', () => {
  it.each([
    ['labels.a/b', 'labels."a/b"'],
    [
      'request.object.metadata.labels.policy.exception/allow',
      'request.object.metadata.labels."policy.exception/allow"',
    ],
    ['annotations.example.com/a.b || x', 'annotations."example.com/a.b"'],
    ['request.object.spec.a/b.c', 'request.object.spec."a/b".c'],
    ['length(x.annotations.a/b)', 'x.annotations."a/b"'],
  ])('%s', (text, quoted) => {
    expect(quotedKeyHint(text, text.indexOf('/'))).toContain(`\`${quoted} || ''\``);
  });

  it.each([
    ['/a', 0],
    ['a /b', 2],
    ['a.b', 1],
    ['a', 1],
    ['a./b', 2],
  ])('nothing for %s', (text, offset) => {
    expect(quotedKeyHint(text, offset)).toBeUndefined();
  });
});
