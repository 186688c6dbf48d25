import { describe, expect, it } from 'vitest';
import { appendDocumentPath, parseDocumentPath, parseJsonPointer, toDocumentPath, toJsonPointer } from './json-path.ts';

describe('JSON pointers', () => {
  it.each<[readonly (string | number)[], string]>([
    [[], ''],
    [['spec', 'a/b', 0], '/spec/a~1b/0'],
    [['~', ''], '/~0/'],
  ])('%j is %j', (segments, pointer) => {
    expect(toJsonPointer(segments)).toBe(pointer);
    expect(parseJsonPointer(pointer)).toEqual(segments.map(String));
  });

  it('a pointer begins with a slash', () => {
    expect(parseJsonPointer('a')).toBeUndefined();
  });
});

describe('document paths', () => {
  it.each<[readonly (string | number)[], string]>([
    [['spec', 'rules', 0, 'match'], 'spec.rules[0].match'],
    [['metadata', 'a.b/c'], 'metadata["a.b/c"]'],
    [[], ''],
  ])('%j is %j', (segments, path) => {
    expect(toDocumentPath(segments)).toBe(path);
    expect(parseDocumentPath(path)).toEqual(segments.map(String));
  });

  it('grow by a step', () => {
    expect(appendDocumentPath('spec', 'rules')).toBe('spec.rules');
    expect(appendDocumentPath('spec.rules', 1)).toBe('spec.rules[1]');
    expect(appendDocumentPath('', 'spec')).toBe('spec');
  });
});
