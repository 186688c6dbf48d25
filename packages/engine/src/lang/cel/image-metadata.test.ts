import { expect, it } from 'vitest';
import { toImageMetadata } from './image-metadata.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const resolvedImage = `ghcr.io/acme/app@${digest}`;
const withTag = (tag: string) => ({ identifier: tag, tag, digest, resolvedImage: `ghcr.io/acme/app:${tag}@${digest}` });

it.each([
  ['a tag', 'v1', withTag('v1')],
  ['nothing', '', withTag('latest')],
  ['a digest', digest, { identifier: digest, digest, resolvedImage }],
  ['a tag and a digest, of which the digest counts', `v1@${digest}`, { identifier: digest, digest, resolvedImage }],
])('names an image asked for by %s', (_, identifier, expected) => {
  const fact = { registry: 'ghcr.io', resolvedImage, identifier, manifestList: null, configData: { os: 'linux' } };
  expect(toImageMetadata(fact)).toEqual({ registry: 'ghcr.io', ...expected, config: { os: 'linux' } });
});

it('leaves to files of mocks what they have', () => {
  expect(toImageMetadata({ image: 'x', manifest: {} })).toEqual({ image: 'x', manifest: {} });
});
