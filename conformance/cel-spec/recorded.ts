import { readFileSync } from 'node:fs';
import { createEnvironment } from '../../packages/cel/src/environment/environment.ts';
import type { Activation, CelProgram } from '../../packages/cel/src/environment/program.ts';
import { createKubernetesEnvironment } from '../../packages/cel/src/kubernetes/kubernetes-environment.ts';
import { formatIssues } from '../../packages/cel/src/syntax/source.ts';
import { CelError } from '../../packages/cel/src/values/cel-error.ts';
import { CelOptional } from '../../packages/cel/src/values/cel-optional.ts';
import { CelType, DYN } from '../../packages/cel/src/values/cel-type.ts';
import type { CelResult, CelValue } from '../../packages/cel/src/values/cel-value.ts';
import { isEqual } from '../../packages/cel/src/values/equality.ts';
import { toJson } from '../../packages/cel/src/values/to-json.ts';

/** What the original makes of an expression: issues, or a type with a value and its cost, or an error. */
export interface RecordedRow {
  readonly expr: string;
  readonly issue?: string;
  readonly type?: string;
  readonly error?: string;
  /** Written as an expression where there is one for the value, else as its text. */
  readonly value?: string;
  readonly cost?: number;
}

interface Recording {
  readonly variables: Activation;
  readonly rows: readonly RecordedRow[];
}

/** Recordings of cel-go with the libraries of Kubernetes 1.36. */
export function readRecording(): Recording {
  // The committed file has this shape.
  return JSON.parse(readFileSync(new URL('./data/recorded.json', import.meta.url), 'utf8')) as Recording;
}

const names = Object.fromEntries(['object', 'oldObject', 'request', 'x', 'y'].map((name) => [name, DYN]));
const environment = createKubernetesEnvironment({ variables: names });
const plain = createEnvironment({ homogeneousLiterals: false });

/** What comes of the same expression here, in the same words. */
export function replay({ expr, value, cost }: RecordedRow, variables: Activation): RecordedRow {
  const compiled = environment.compile(expr);
  if ('issues' in compiled) return { expr, issue: formatIssues(expr, compiled.issues) };
  const type = typeText(compiled.resultType);
  const result = compiled.program.measure(variables);
  if (result.value instanceof CelError) return { expr, type, error: result.value.message };
  const shown = isSaid(value ?? '', result.value) ? value : JSON.stringify(toJson(result.value));
  return {
    expr,
    type,
    ...(shown === undefined ? {} : { value: shown }),
    ...(cost === undefined ? {} : { cost: result.cost }),
  };
}

/** Whether a text says this value: as an expression, or as the text of a value that has none. */
function isSaid(text: string, value: CelValue): boolean {
  if (value instanceof CelType) return value.name === text;
  const compiled = plain.compile(text);
  const said = 'issues' in compiled ? undefined : evaluate(compiled.program);
  if (said !== undefined && !(said instanceof CelError) && isEqual(said, value)) return true;
  return !(value instanceof CelOptional) && toJson(value) === text;
}

function evaluate(program: CelProgram): CelResult {
  return program.evaluate({});
}

function typeText(type: CelType): string {
  return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(typeText).join(', ')})`;
}
