import {
  type Activation,
  ADMISSION_REQUEST,
  admissionTypes,
  type CelHost,
  type CelIssue,
  type CelProgram,
  type CelResult,
  celTypes,
  createKyvernoEnvironment,
  declareType,
  type Environment,
  type KyvernoDialect,
  NAMESPACE,
  type TypeDeclaration,
  VARIABLES,
} from '@vouchsafe/cel';
import type { FactKind } from '../../facts/fact-request.ts';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';

type CelType = celTypes.CelType;

/** What one evaluation gives its expressions: the values of variables, and who answers questions to the outside. */
export interface PolicyScope {
  readonly activation: Activation;
  readonly host: CelHost;
  /** Told the value of every sub-expression, when an explanation is asked for. */
  readonly observe?: (text: string, value: CelResult, path: string) => void;
}

/** A compiled expression of a policy. */
export interface PolicyExpression {
  readonly text: string;
  /** Where it stands: `spec.validations[0].expression`. */
  readonly path: string;
  readonly type: CelType;
  /** Names of variables it reads. */
  readonly variables: readonly string[];
  /** Throws only what the host throws (`Need`). */
  readonly evaluate: (scope: PolicyScope) => CelResult;
}

/** The language of one policy: `variables.<name>` become known one after another, as they are compiled. */
export interface PolicyLanguage {
  /**
   * Compiles an expression whose value must be of one of `wanted`, exactly; of any type when none is given. `undefined`
   * after reporting what is wrong (kyverno-cel §2.6).
   */
  compile(text: string, path: string, wanted?: WantedType): PolicyExpression | undefined;
  addVariable(name: string, type: CelType): void;
  /** The kinds of facts that what was compiled so far can ask for. */
  readonly needs: ReadonlySet<FactKind>;
  readonly report: (diagnostic: Diagnostic) => void;
  /** The same language, for texts of another document. */
  reportingTo(report: (diagnostic: Diagnostic) => void): PolicyLanguage;
}

/** Types by which an output is judged, and how upstream words that it is of another. */
export interface WantedType {
  readonly types: readonly CelType[];
  readonly message: string;
}

export const WANT_BOOL: WantedType = { types: [celTypes.BOOL], message: 'output is expected to be of type bool' };
export const WANT_STRING: WantedType = { types: [celTypes.STRING], message: 'output is expected to be of type string' };

export interface PolicyLanguageOptions {
  readonly dialect: KyvernoDialect;
  /** Of a namespaced policy, which then reaches no other. */
  readonly namespace: string | undefined;
  /** Variables of the kind beside those all have. */
  readonly variables?: Readonly<Record<string, CelType>>;
  /** Cost units one call may use; Kubernetes' million when absent. */
  readonly costLimit?: number;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** Type of `exceptions`: what the partial exceptions of a policy allow. */
export const EXCEPTIONS: CelType = celTypes.structType('libs.Exception');
const TEXTS = celTypes.listType(celTypes.STRING);

interface Subject {
  readonly types: readonly TypeDeclaration[];
  readonly variables: Readonly<Record<string, CelType>>;
}

/** What policies about requests to a cluster are told. */
const ADMITTED: Subject = {
  types: [
    ...admissionTypes({ object: celTypes.DYN, oldObject: celTypes.DYN }),
    declareType(EXCEPTIONS.name, { allowedImages: TEXTS, allowedValues: TEXTS }),
  ],
  variables: {
    object: celTypes.DYN,
    oldObject: celTypes.DYN,
    request: ADMISSION_REQUEST,
    namespaceObject: NAMESPACE,
  },
};

/** Those for authorization servers are told the request to check alone, whose type their kind gives. */
const CHECKED: Subject = { types: [], variables: {} };

/** The language of a kind of Kyverno's policies, with the variables all kinds have (kyverno-cel §2.3). */
export function createPolicyLanguage(options: PolicyLanguageOptions): PolicyLanguage {
  const { dialect, namespace, variables = {}, costLimit, report } = options;
  const known = new Map<string, CelType>();
  const subject = dialect === 'envoy' || dialect === 'http' ? CHECKED : ADMITTED;
  const environment = createKyvernoEnvironment(
    dialect,
    {
      types: [...subject.types, { name: VARIABLES.name, fieldType: (field: string) => known.get(field) }],
      variables: { ...subject.variables, variables: VARIABLES, ...variables },
    },
    namespace,
  );
  const needs = new Set<FactKind>();
  const reportingTo = (to: PolicyLanguage['report']): PolicyLanguage => ({
    addVariable: (name, type) => void known.set(name, type),
    compile: (text, path, wanted) => {
      const compiled = compileExpression(environment, { text, path, wanted, costLimit, report: to });
      for (const [word, kinds] of ASKING) if (word.test(text)) for (const kind of kinds) needs.add(kind);
      return compiled;
    },
    needs,
    report: to,
    reportingTo,
  });
  return reportingTo(report);
}

/** The words without which an expression cannot ask for a fact; one that has them may still ask nothing. */
const ASKING: readonly (readonly [word: RegExp, kinds: readonly FactKind[]])[] = [
  [/\bresource\b/, ['api-resource', 'kind-mapping', 'api-call']],
  [/\b(?:http|jwks)\b/, ['http-call']],
  [/\bglobalContext\b/, ['global-context']],
  [/\b[gG]etMetadata\b/, ['image-data']],
  [/\bnamespaceObject\b/, ['resource']],
];

interface Asked {
  readonly text: string;
  readonly path: string;
  readonly wanted: WantedType | undefined;
  readonly costLimit: number | undefined;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** The same in an environment of the caller's: expressions about one image, targets of mutations. */
export function compileExpression(environment: Environment, asked: Asked): PolicyExpression | undefined {
  const { text, path, wanted, report } = asked;
  const compiled = environment.compile(text);
  if ('issues' in compiled) {
    for (const issue of compiled.issues) {
      const code = issue.message.startsWith('Syntax error') ? 'cel-syntax' : 'cel-type';
      const { line, column, message } = issue;
      const hint = `at line ${line}, column ${column} of the expression`;
      report({ code, severity: 'error', message, path, offset: offsetOf(text, issue), hint });
    }
    return undefined;
  }
  const { program, resultType } = compiled;
  if (wanted && !wanted.types.some((type) => celTypes.isSameType(type, resultType))) {
    const hint = `it is of type ${celTypes.formatType(resultType)}`;
    report({ code: 'cel-type', severity: 'error', message: wanted.message, path, hint });
    return undefined;
  }
  return { text, path, type: resultType, variables: program.variables, evaluate: evaluator(text, program, asked) };
}

/** Columns count code points. */
function offsetOf(text: string, { line, column }: CelIssue): number {
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).reduce((count, one) => count + one.length + 1, 0);
  return before + [...(lines[line - 1] ?? '')].slice(0, column - 1).join('').length;
}

function evaluator(text: string, program: CelProgram, { costLimit, path }: Asked): PolicyExpression['evaluate'] {
  const limit = costLimit === undefined ? {} : { costLimit };
  return (scope) => {
    const { activation, host, observe } = scope;
    if (!observe) return program.evaluate(activation, costLimit === undefined ? scope : { host, costLimit });
    const note = (_node: unknown, [start, end]: readonly [number, number], value: CelResult) =>
      observe(text.slice(start, end), value, path);
    return program.observe(activation, note, { host, ...limit });
  };
}
