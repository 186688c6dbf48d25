import { compileJmesPath, isJmesPathDiagnostic } from '@vouchsafe/engine';
import { EvaluationError, formatDiagnostic, type Json } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { readValueDocument } from '../../inputs/read-documents.ts';
import { readSource } from '../../inputs/read-source.ts';
import { showPlace } from './expression-place.ts';
import { toGoJson } from './go-json-text.ts';
import { askFor, readExpressions } from './read-expressions.ts';

export async function query(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const file = textFlag(flags, 'input');
    const given = await readExpressions(args, listFlag(flags, 'query'), io.cwd);
    if (given.length === 0 && file === undefined) {
      throw new InputProblem('at least one query or input object is required');
    }
    const expressions = given.length > 0 ? given : [(await askFor('a jmespath expression', io.stdout)).trimEnd()];
    const text = file === undefined ? await askFor('input object', io.stdout) : await readSource(file, io.cwd);
    const input = readInput(text, file ?? 'standard input');
    for (const expression of expressions) print(expression, evaluate(expression, input), flags, io);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}

function readInput(text: string, origin: string): Json {
  const read = readValueDocument(text, origin);
  if ('problem' in read) throw new InputProblem(`error parsing input json: ${formatDiagnostic(read.problem)}`);
  return read.value;
}

function evaluate(expression: string, input: Json): Json {
  const compiled = compileJmesPath(expression, NODE_HOST);
  if (isJmesPathDiagnostic(compiled)) {
    const { reason, offset, hint } = compiled;
    const place = showPlace(expression, offset, hint);
    throw new InputProblem(`failed to compile JMESPath: ${expression}, error: ${reason}\n${place}`);
  }
  const value = compiled.evaluate(input, Date.now());
  if (!(value instanceof EvaluationError)) return value;
  throw new InputProblem(`error evaluating JMESPath expression: ${value.message}`);
}

function print(expression: string, value: Json, flags: FlagValues, io: CommandIo): void {
  io.stdout(`# ${expression}\n`);
  if (flags['unquoted'] === true && typeof value === 'string') io.stdout(`${value}\n`);
  else io.stdout(`${toGoJson(value, flags['compact'] === true)}\n`);
}
