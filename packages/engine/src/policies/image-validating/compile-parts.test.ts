import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { compilePolicy, imagePolicy, KEY, validation } from './image-validating.fixture.ts';

describe('what does not compile', () => {
  it.each<[string, JsonObject, string]>([
    [
      'conditions know no variables',
      { variables: [{ name: 'a', expression: '1' }], matchConditions: [{ name: 'c', expression: 'variables.a == 1' }] },
      'spec.matchConditions[0].expression',
    ],
    [
      'extractors know no variables',
      { images: [{ name: 'a', expression: '[variables.a]' }] },
      'spec.images[0].expression',
    ],
    ['extractors give texts', { images: [{ name: 'a', expression: '[1]' }] }, 'spec.images[0].expression'],
    [
      'references are truths',
      { matchImageReferences: [{ expression: 'ref' }] },
      'spec.matchImageReferences[0].expression',
    ],
    [
      'references know the reference alone',
      { matchImageReferences: [{ expression: 'object.a' }] },
      'spec.matchImageReferences[0].expression',
    ],
    ['globs can be read', { matchImageReferences: [{ glob: '[' }] }, 'spec.matchImageReferences[0].glob'],
    ['there is one of the two', { matchImageReferences: [{}] }, 'spec.matchImageReferences[0]'],
    ['no certificates are decoded', validation('x509.decode("a").b == 1'), 'spec.validations[0].expression'],
    [
      'expressions of attestors compile',
      { attestors: [{ name: 'a', cosign: { key: { expression: 'nobody' } } }] },
      'spec.attestors[0].cosign.key.expression',
    ],
    [
      'files are not read',
      { attestors: [{ name: 'a', cosign: { tuf: { root: { path: '/etc/root.json' } }, key: { data: KEY } } }] },
      'spec.attestors[0].cosign.tuf.root.path',
    ],
  ])('%s', (_name, spec, path) => {
    const { compiled, diagnostics } = compilePolicy(imagePolicy(spec));
    expect(compiled).toBeUndefined();
    expect(new Set(diagnostics.map((diagnostic) => diagnostic.path))).toEqual(new Set([path]));
  });
});
