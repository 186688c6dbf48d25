import { declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { BOOL, type CelType, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { CelOpaque } from '../values/opaque.ts';
import { type ImageReference, identifierOf, parseImageReference } from './image-reference.ts';

const IMAGE = opaqueType('kyverno.Image');

class ImageValue extends CelOpaque<ImageReference> {
  constructor(reference: ImageReference) {
    super(IMAGE, reference, (a, b) => JSON.stringify(a) === JSON.stringify(b));
  }

  toJsonValue(): string {
    const { registry, repository, digest, tag } = this.payload;
    return `${registry}/${repository}${digest === '' ? `:${tag}` : `@${digest}`}`;
  }
}

const parse = (text: string): CelResult => {
  const reference = parseImageReference(text);
  return typeof reference === 'string' ? new CelError(reference) : new ImageValue(reference);
};

function part(name: string, result: CelType, read: (reference: ImageReference) => string | boolean) {
  return declareFunction(
    name,
    member(`image_${name}`, [IMAGE], result, ({ payload }: ImageValue) => read(payload)),
  );
}

/** `image(text)`, `isImage(text)` and the parts of an image reference. */
export function imageLibrary(): CelLibrary {
  return {
    name: 'kyverno.image',
    functions: [
      declareFunction('parseImageReference', overload('parse_image_reference_string', [STRING], IMAGE, parse)),
      declareFunction('image', overload('image_string', [STRING], IMAGE, parse)),
      declareFunction(
        'isImage',
        overload('is_image_string', [STRING], BOOL, (text: string) => typeof parseImageReference(text) !== 'string'),
      ),
      part('registry', STRING, ({ registry }) => registry),
      part('repository', STRING, ({ repository }) => repository),
      part('identifier', STRING, identifierOf),
      part('tag', STRING, ({ tag }) => tag),
      part('digest', STRING, ({ digest }) => digest),
      part('containsDigest', BOOL, ({ digest }) => digest !== ''),
      part('identifierWithSeparator', STRING, ({ digest, tag }) => (digest === '' ? `:${tag}` : `@${digest}`)),
    ],
  };
}
