import { check } from '../check/checker.ts';
import { checkLiterals } from '../check/literal-checks.ts';
import { Declarations } from '../declare/declarations.ts';
import type { FunctionDeclaration } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import type { TypeDeclaration, TypeResolver, VariableDeclaration } from '../declare/type-declaration.ts';
import { optionalLibrary } from '../library/optionals.ts';
import { standardLibrary } from '../library/standard.ts';
import { compilePattern } from '../regex/pattern.ts';
import { MacroTable } from '../syntax/macro.ts';
import { parse } from '../syntax/parser.ts';
import { type CelIssue, sortIssues } from '../syntax/source.ts';
import { CelError } from '../values/cel-error.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  LIST,
  MAP,
  NULL_TYPE,
  OPTIONAL,
  STRING,
  TIMESTAMP,
  TYPE_TYPE,
  UINT,
} from '../values/cel-type.ts';
import { type CelProgram, createProgram } from './program.ts';

export interface EnvironmentOptions {
  readonly variables?: Readonly<Record<string, CelType>>;
  /** Constants and variables with dotted names. */
  readonly declarations?: readonly VariableDeclaration[];
  readonly types?: readonly TypeDeclaration[];
  /** Types known by a rule, asked after the declared ones. */
  readonly resolveType?: TypeResolver;
  readonly functions?: readonly FunctionDeclaration[];
  readonly libraries?: readonly CelLibrary[];
  /** Where unqualified names are looked up first, such as `acme.v1`. */
  readonly container?: string;
  /** Short names for qualified ones. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Whether elements of a literal must have one type; true unless said otherwise, as in Kubernetes. */
  readonly homogeneousLiterals?: boolean;
  /** Whether literal durations, timestamps, patterns and lists are checked as Kubernetes does; false by default. */
  readonly validateLiterals?: boolean;
  /** Whether names and types are checked before evaluation; true unless said otherwise. */
  readonly check?: boolean;
  /** Whether optionals are part of the language; true unless said otherwise. */
  readonly optionals?: boolean;
}

export type CompileResult =
  | { readonly program: CelProgram; readonly resultType: CelType }
  | { readonly issues: readonly CelIssue[] };

/** What expressions may refer to. Immutable; `extend` makes a larger one. */
export interface Environment {
  /** Parses, checks and plans an expression; issues instead when it is not valid here. */
  compile(text: string): CompileResult;
  /** The same environment with more declarations; options given here win. */
  extend(options: EnvironmentOptions): Environment;
}

const TYPE_NAMES: readonly (readonly [string, CelType])[] = [
  ...[BOOL, BYTES, DOUBLE, DURATION, INT, LIST, MAP, NULL_TYPE, STRING, TIMESTAMP, TYPE_TYPE, UINT].map(
    (type) => [type.name, type] as const,
  ),
];

const isPattern = (source: string): boolean => !(compilePattern(source) instanceof CelError);

/** Makes an environment of the standard functions and what the options add. */
export function createEnvironment(options: EnvironmentOptions): Environment {
  const libraries = [
    standardLibrary(),
    ...(options.optionals === false ? [] : [optionalLibrary()]),
    ...(options.libraries ?? []),
  ];
  const declarations = declare(options, libraries);
  const macros = new MacroTable(libraries.flatMap((library) => library.macros ?? []));
  const parseOptions = { macros, optionalSyntax: options.optionals !== false };
  const literalRules = {
    homogeneous: options.homogeneousLiterals !== false,
    isPattern: options.validateLiterals === true ? isPattern : undefined,
  };
  return Object.freeze({
    compile(text: string): CompileResult {
      const parsed = parse(text, parseOptions);
      if ('issues' in parsed) return parsed;
      const checked = check(text, parsed.expr, parsed.nodeCount, declarations, options.check === false);
      if ('issues' in checked) return checked;
      const invalid = checkLiterals(text, checked, literalRules);
      if (invalid.length > 0) return { issues: sortIssues(invalid) };
      return { program: createProgram(checked), resultType: checked.resultType };
    },
    extend: (more: EnvironmentOptions) => createEnvironment(merge(options, more)),
  });
}

function declare(options: EnvironmentOptions, libraries: readonly CelLibrary[]): Declarations {
  const resolve = options.resolveType ?? (() => undefined);
  const declarations = new Declarations(options.container ?? '', resolve, options.aliases ?? new Map());
  for (const [name, type] of TYPE_NAMES) declarations.addTypeName(name, type);
  if (options.optionals !== false) declarations.addTypeName('optional_type', OPTIONAL);
  for (const library of libraries) {
    for (const declared of library.functions ?? []) declarations.addFunction(declared);
    for (const type of library.types ?? []) declarations.addType(type);
    for (const variable of library.variables ?? []) declarations.addVariable(variable);
  }
  for (const type of options.types ?? []) declarations.addType(type);
  for (const declared of options.functions ?? []) declarations.addFunction(declared);
  for (const variable of options.declarations ?? []) declarations.addVariable(variable);
  for (const [name, type] of Object.entries(options.variables ?? {})) declarations.addVariable({ name, type });
  return declarations;
}

function merge(base: EnvironmentOptions, more: EnvironmentOptions): EnvironmentOptions {
  return {
    ...base,
    ...more,
    variables: { ...base.variables, ...more.variables },
    declarations: [...(base.declarations ?? []), ...(more.declarations ?? [])],
    types: [...(base.types ?? []), ...(more.types ?? [])],
    functions: [...(base.functions ?? []), ...(more.functions ?? [])],
    libraries: [...(base.libraries ?? []), ...(more.libraries ?? [])],
  };
}
