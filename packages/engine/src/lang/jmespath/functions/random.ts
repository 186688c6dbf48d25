import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { compileRegExp } from '../../../kernel/regexp.ts';
import { compileRandomText } from '../random-text.ts';
import { type FunctionDefinition, parameter, rememberLast } from './definition.ts';

/** The one function that gives another value every time. */
export const RANDOM_FUNCTIONS: readonly FunctionDefinition[] = [
  {
    name: 'random',
    parameters: [parameter('pattern', 'string')],
    returns: 'string',
    summary: 'a random text that matches a regular expression',
    example: { expression: "regex_match('^[a-z]{8}$', random('[a-z]{8}'))", result: true },
    bind: (host) => {
      const compile = rememberLast((pattern) => {
        const regexp = compileRegExp(pattern);
        return regexp instanceof EvaluationError ? regexp : compileRandomText(pattern);
      });
      return ([pattern]) => {
        if (pattern === '') return new EvaluationError('no pattern provided');
        const generate = compile(pattern as string);
        return generate instanceof EvaluationError ? generate : generate(() => host.random());
      };
    },
  },
];
