import { parseJmesPath, SyntaxFailure } from '@vouchsafe/engine';
import { type CommandIo, EXIT, type FlagValues, listFlag } from '../../flags/command.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { askFor, readExpressions } from './read-expressions.ts';
import { renderSyntaxTree } from './syntax-tree-text.ts';

export async function parse(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const given = await readExpressions(args, listFlag(flags, 'file'), io.cwd);
    const expressions = given.length > 0 ? given : [(await askFor('a jmespath expression', io.stdout)).trimEnd()];
    for (const expression of expressions) {
      const tree = renderSyntaxTree(parseJmesPath(expression));
      io.stdout(`# ${expression}\n${tree}\n`);
    }
    return EXIT.ok;
  } catch (error) {
    if (error instanceof SyntaxFailure) {
      io.stderr(`Error: ${error.message}\n`);
      return EXIT.violations;
    }
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  }
}
