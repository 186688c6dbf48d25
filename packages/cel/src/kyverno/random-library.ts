import { declareFunction } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { hostOverload } from './ask-host.ts';
import type { CelHost } from './cel-host.ts';
import { randomText } from './random-text.ts';

const DEFAULT_PATTERN = '[0-9a-z]{8}';

/** `random()`, `random(pattern)` and both as `random.random`. */
export function randomLibrary(): CelLibrary {
  const random = (host: CelHost, pattern = DEFAULT_PATTERN): CelResult => {
    if (host.random === undefined) return new CelError('there is no source of randomness');
    return (
      randomText(pattern, () => host.random?.() ?? 0) ?? new CelError(`cannot generate a text for pattern ${pattern}`)
    );
  };
  return {
    name: 'kyverno.random',
    functions: ['random', 'random.random'].map((name) =>
      declareFunction(
        name,
        hostOverload(`${name}_default`, [], STRING, random),
        hostOverload(`${name}_pattern`, [STRING], STRING, random),
      ),
    ),
  };
}
