import { describe, expect, it } from 'vitest';
import { EvaluationError } from './evaluation-error.ts';
import { type ImageReferenceSettings, parseImageReference } from './image-reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const quay: ImageReferenceSettings = { defaultRegistry: 'quay.io', enableDefaultRegistryMutation: true };
const off: ImageReferenceSettings = { defaultRegistry: 'docker.io', enableDefaultRegistryMutation: false };

describe('parseImageReference', () => {
  it.each<[string, ImageReferenceSettings | undefined, string, string, string, string]>([
    ['nginx', undefined, 'docker.io', 'nginx', 'docker.io/nginx:latest', 'docker.io/nginx:latest'],
    [
      'docker.io/library/nginx',
      undefined,
      'docker.io',
      'library/nginx',
      'docker.io/library/nginx:latest',
      'docker.io/library/nginx:latest',
    ],
    ['a/b', undefined, 'docker.io', 'a/b', 'docker.io/a/b:latest', 'docker.io/a/b:latest'],
    ['localhost/a:1', undefined, 'localhost', 'a', 'localhost/a:1', 'localhost/a:1'],
    ['reg:5000/a', undefined, 'reg:5000', 'a', 'reg:5000/a:latest', 'reg:5000/a:latest'],
    ['[::1]:5000/a', undefined, '[::1]:5000', 'a', '[::1]:5000/a:latest', '[::1]:5000/a:latest'],
    ['Foo/bar', undefined, 'Foo', 'bar', 'Foo/bar:latest', 'Foo/bar:latest'],
    [`ghcr.io/a/b@${digest}`, undefined, 'ghcr.io', 'a/b', `ghcr.io/a/b@${digest}`, 'ghcr.io/a/b:'],
    [`ghcr.io/a/b:1@${digest}`, undefined, 'ghcr.io', 'a/b', `ghcr.io/a/b@${digest}`, 'ghcr.io/a/b:1'],
    ['nginx:1', quay, 'quay.io', 'nginx', 'quay.io/nginx:1', 'quay.io/nginx:1'],
    ['nginx:1', off, '', 'nginx', 'nginx:1', 'nginx:1'],
    ['ghcr.io/nginx:1', off, 'ghcr.io', 'nginx', 'ghcr.io/nginx:1', 'ghcr.io/nginx:1'],
    ['a_b/c:1', off, 'a_b', 'c', 'a_b/c:1', 'a_b/c:1'],
  ])('%s', (text, settings, registry, path, reference, referenceWithTag) => {
    expect(parseImageReference(text, settings)).toMatchObject({ registry, path, reference, referenceWithTag });
  });

  it.each<[string, string]>([
    [
      '',
      'bad image: docker.io/, defaultRegistry: docker.io, enableDefaultRegistryMutation: true: invalid reference format',
    ],
    [
      'Nginx',
      'bad image: docker.io/Nginx, defaultRegistry: docker.io, enableDefaultRegistryMutation: true: invalid reference format: repository name must be lowercase',
    ],
    [
      'nginx@sha256:abcd',
      'bad image: docker.io/nginx@sha256:abcd, defaultRegistry: docker.io, enableDefaultRegistryMutation: true: invalid reference format',
    ],
  ])('%j fails', (text, message) => {
    expect(parseImageReference(text)).toEqual(new EvaluationError(message));
  });

  it.each([
    'a b',
    'a:',
    'a//b',
    'a:t:t',
    `a@sha512:${'a'.repeat(64)}`,
    `a@md5:${'a'.repeat(32)}`,
    `a@sha256:${'A'.repeat(64)}`,
    'x'.repeat(5000),
  ])('%j is refused', (text) => {
    expect(parseImageReference(text)).toBeInstanceOf(EvaluationError);
  });
});
