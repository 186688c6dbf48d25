import { declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { walkCost } from '../library/costs.ts';
import { CelError } from '../values/cel-error.ts';
import { BOOL, INT, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { toInt } from '../values/numbers.ts';
import { CelOpaque } from '../values/opaque.ts';
import { compareSemver, formatSemver, normalizeSemver, parseSemver, type SemanticVersion } from './semver.ts';

export const SEMVER = opaqueType('kubernetes.Semver');

class SemverValue extends CelOpaque<SemanticVersion> {
  constructor(version: SemanticVersion) {
    super(SEMVER, version, (a, b) => compareSemver(a, b) === 0);
  }

  toJsonValue(): string {
    return formatSemver(this.payload);
  }
}

function read(text: string, normalize = false): SemanticVersion | string {
  return normalize ? normalizeSemver(text) : parseSemver(text);
}

const toValue = (text: string, normalize?: boolean): CelResult => {
  const version = read(text, normalize);
  return typeof version === 'string' ? new CelError(version) : new SemverValue(version);
};
const isSemver = (text: string, normalize?: boolean): boolean => typeof read(text, normalize) !== 'string';
const compare = (a: SemverValue, b: SemverValue): number => compareSemver(a.payload, b.payload);

/** `semver`, `isSemver` and the methods of versions; version 1 takes a flag that normalises. */
export function semverLibrary(): CelLibrary {
  const two = [SEMVER, SEMVER];
  const part = (name: string, index: 0 | 1 | 2) =>
    declareFunction(
      name,
      member(`semver_${name}`, [SEMVER], INT, ({ payload }: SemverValue) => toInt(payload.numbers[index])),
    );
  return {
    name: 'kubernetes.semver',
    functions: [
      declareFunction(
        'semver',
        overload('string_to_semver', [STRING], SEMVER, toValue, walkCost),
        overload('string_bool_to_semver', [STRING, BOOL], SEMVER, toValue, walkCost),
      ),
      declareFunction(
        'isSemver',
        overload('is_semver_string', [STRING], BOOL, isSemver, walkCost),
        overload('is_semver_string_bool', [STRING, BOOL], BOOL, isSemver, walkCost),
      ),
      declareFunction(
        'isGreaterThan',
        member('semver_is_greater_than', two, BOOL, (a: SemverValue, b: SemverValue) => compare(a, b) > 0),
      ),
      declareFunction(
        'isLessThan',
        member('semver_is_less_than', two, BOOL, (a: SemverValue, b: SemverValue) => compare(a, b) < 0),
      ),
      declareFunction('compareTo', member('semver_compare_to', two, INT, compare)),
      part('major', 0),
      part('minor', 1),
      part('patch', 2),
    ],
  };
}
