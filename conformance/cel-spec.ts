import { readFileSync } from 'node:fs';
import { declareFunction, overload } from '../packages/cel/src/declare/function-declaration.ts';
import type { VariableDeclaration } from '../packages/cel/src/declare/type-declaration.ts';
import { type CompileResult, createEnvironment } from '../packages/cel/src/environment/environment.ts';
import { blockLibrary } from '../packages/cel/src/library/bindings.ts';
import { extensionLibraries } from '../packages/cel/src/library/extensions.ts';
import { formatIssues } from '../packages/cel/src/syntax/source.ts';
import { CelError } from '../packages/cel/src/values/cel-error.ts';
import { isMap, mapGet, mapKeys } from '../packages/cel/src/values/cel-map.ts';
import { formatType, isSameType } from '../packages/cel/src/values/cel-type.ts';
import type { CelResult, CelValue } from '../packages/cel/src/values/cel-value.ts';
import { isEqual } from '../packages/cel/src/values/equality.ts';
import { doubleValue, isDouble } from '../packages/cel/src/values/numbers.ts';
import { typeOf } from '../packages/cel/src/values/type-of.ts';
import { decodeType, decodeValue, type EncodedValue } from './cel-spec/decode-value.ts';
import { ENUM_CONSTANTS, PROTO_TYPES } from './cel-spec/proto-types.ts';

export interface CelSpecFailure {
  readonly section: string;
  readonly name: string;
  readonly expression: string;
  readonly expected: string;
  readonly received: string;
}

export interface CelSpecReport {
  readonly passed: number;
  readonly failed: number;
  /** Cases of features that are left out on purpose, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly failures: readonly CelSpecFailure[];
}

interface Declaration {
  readonly name: string;
  readonly ident?: { readonly type: EncodedValue };
  readonly function?: {
    readonly overloads: readonly {
      readonly overloadId: string;
      readonly params?: readonly EncodedValue[];
      readonly resultType: EncodedValue;
    }[];
  };
}

interface SpecCase {
  readonly section: string;
  readonly name: string;
  readonly expr: string;
  readonly value?: EncodedValue;
  readonly typeEnv?: readonly Declaration[];
  readonly bindings?: Readonly<Record<string, { readonly value: EncodedValue }>>;
  readonly disableCheck?: boolean;
  readonly error?: true;
  readonly container?: string;
  readonly typedResult?: { readonly result?: EncodedValue; readonly deducedType: EncodedValue };
  readonly checkOnly?: boolean;
}

/** Cases that are not met, with the reason. One whose cases all pass is a gap no more, and reported as a failure. */
const GAPS: readonly (readonly [test: RegExp, reason: string])[] = [
  [/^enums\/strong_/, 'enums as types of their own: cel-go has them as integers too'],
  [/^optionals\/optionals\/map_null_entry_no_such_key$/, 'a field of a null: cel-go gives an empty optional'],
  [/^optionals\/optionals\/map_present_key_invalid_field$/, 'a field of a number: cel-go gives an empty optional'],
  [/^string_ext\/value_errors\/(last)?indexof_out_of_range$/, 'an offset past the end: cel-go gives -1'],
  [/^comparisons\/.*_any_unpack/, 'serialised protobuf messages: there are none in Kubernetes'],
  [/^dynamic\/any\/literal$/, 'serialised protobuf messages: there are none in Kubernetes'],
  [/^wrappers\/(field_mask|empty)\//, 'protobuf messages that the language gives no meaning: none in Kubernetes'],
];

/** Runs the conformance cases of the language's specification. */
export function runCelSpec(): CelSpecReport {
  // The committed file has this shape.
  const cases = JSON.parse(
    readFileSync(new URL('./cel-spec/data/cases.json', import.meta.url), 'utf8'),
  ) as readonly SpecCase[];
  const failures: CelSpecFailure[] = [];
  const gaps = new Map<string, { failed: number; passed: number }>();
  let passed = 0;
  for (const test of cases) {
    const failure = runCase(test);
    const gap = GAPS.find(([pattern]) => pattern.test(`${test.section}/${test.name}`));
    if (gap !== undefined) {
      const counts = gaps.get(gap[1]) ?? { failed: 0, passed: 0 };
      gaps.set(gap[1], counts);
      if (failure === undefined) counts.passed++;
      else counts.failed++;
    } else if (failure === undefined) passed++;
    else failures.push({ section: test.section, name: test.name, expression: test.expr, ...failure });
  }
  for (const [reason, counts] of gaps) {
    if (counts.failed > 0) continue;
    failures.push({ section: 'gaps', name: reason, expression: '', expected: 'a gap', received: 'all cases pass' });
  }
  const skipped = Object.fromEntries([...gaps].map(([reason, counts]) => [reason, counts.failed + counts.passed]));
  return { passed, failed: failures.length, skipped, failures };
}

type Outcome = { readonly expected: string; readonly received: string } | undefined;

function runCase(test: SpecCase): Outcome {
  const compiled = compile(test);
  if (test.typedResult !== undefined) return compareTyped(test, compiled);
  const value = 'issues' in compiled ? compiled : evaluate(test, compiled);
  if (test.error)
    return value instanceof CelError || isIssues(value) ? undefined : { expected: 'an error', received: show(value) };
  const expected = test.value === undefined ? true : decodeValue(test.value);
  if (isIssues(value)) return { expected: show(expected), received: formatIssues(test.expr, value.issues) };
  return isSame(value, expected) ? undefined : { expected: show(expected), received: show(value) };
}

type Issues = Extract<CompileResult, { readonly issues: unknown }>;

// Issues are a plain object, which a map is too; only theirs have lines.
function isIssues(value: CelResult | Issues): value is Issues {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'issues')) return false;
  const { issues } = value as { readonly issues: unknown };
  return Array.isArray(issues) && issues.every((issue: object) => 'line' in issue);
}

function compareTyped(test: SpecCase, compiled: CompileResult): Outcome {
  const wanted = decodeType(test.typedResult?.deducedType ?? {});
  if ('issues' in compiled) return { expected: formatType(wanted), received: formatIssues(test.expr, compiled.issues) };
  if (!isSameType(wanted, compiled.resultType))
    return { expected: formatType(wanted), received: formatType(compiled.resultType) };
  const result = test.typedResult?.result;
  if (result === undefined || test.checkOnly) return undefined;
  const value = evaluate(test, compiled);
  const expected = decodeValue(result);
  return isSame(value, expected) ? undefined : { expected: show(expected), received: show(value) };
}

function compile({ typeEnv = [], container = '', disableCheck, expr }: SpecCase): CompileResult {
  const declarations: VariableDeclaration[] = [...ENUM_CONSTANTS];
  for (const { name, ident } of typeEnv) if (ident) declarations.push({ name, type: decodeType(ident.type) });
  const unbound = (): CelResult => new CelError('unbound function');
  const functions = typeEnv.flatMap((declared) =>
    declared.function === undefined
      ? []
      : [
          declareFunction(
            declared.name,
            ...declared.function.overloads.map(({ overloadId, params = [], resultType }) =>
              overload(overloadId, params.map(decodeType), decodeType(resultType), unbound),
            ),
          ),
        ],
  );
  return createEnvironment({
    container,
    declarations,
    functions,
    types: PROTO_TYPES,
    libraries: [...extensionLibraries(), blockLibrary()],
    homogeneousLiterals: false,
    check: disableCheck !== true,
  }).compile(expr);
}

function evaluate({ bindings = {} }: SpecCase, { program }: Exclude<CompileResult, Issues>): CelResult {
  const activation = Object.fromEntries(
    Object.entries(bindings).map(([name, { value }]) => [name, decodeValue(value)]),
  );
  return program.evaluate(activation);
}

/** The same value of the same type: here `1` is not `1.0`. */
function isSame(a: CelResult, b: CelResult): boolean {
  if (a instanceof CelError || b instanceof CelError) return false;
  if (typeOf(a).name !== typeOf(b).name) return false;
  if (isDouble(a) && isDouble(b)) return Object.is(doubleValue(a), doubleValue(b)) || doubleValue(a) === doubleValue(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index] ?? null));
  }
  if (isMap(a) && isMap(b)) {
    const keys = mapKeys(a);
    return (
      keys.length === mapKeys(b).length && keys.every((key) => isSame(mapGet(a, key) ?? null, mapGet(b, key) ?? null))
    );
  }
  return isEqual(a, b);
}

function show(value: CelResult | Issues): string {
  if (value instanceof CelError) return `error: ${value.message}`;
  if (isIssues(value)) return 'issues';
  return `${typeOf(value as CelValue).name} ${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item instanceof Map ? [...item] : item))}`;
}
