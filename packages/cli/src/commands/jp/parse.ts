import { parseJmesPath, SyntaxFailure, type SyntaxNode } from '@vouchsafe/engine';
import { type CommandIo, EXIT, type FlagValues, listFlag } from '../../flags/command.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { showPlace } from './expression-place.ts';
import { askFor, readExpressions } from './read-expressions.ts';
import { renderSyntaxTree } from './syntax-tree-text.ts';

export async function parse(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const given = await readExpressions(args, listFlag(flags, 'file'), io.cwd);
    const expressions = given.length > 0 ? given : [(await askFor('a jmespath expression', io.stdout)).trimEnd()];
    for (const expression of expressions) io.stdout(`# ${expression}\n${renderSyntaxTree(read(expression))}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}

function read(expression: string): SyntaxNode {
  try {
    return parseJmesPath(expression);
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    throw new InputProblem(`${error.message}\n${showPlace(expression, error.offset)}`);
  }
}
