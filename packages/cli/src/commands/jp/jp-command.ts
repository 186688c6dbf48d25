import type { Command } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';

const queryCommand: Command = {
  name: 'query',
  summary: 'evaluate JMESPath expressions on a JSON or YAML input',
  arguments: [{ name: 'expression', summary: 'JMESPath expressions', variadic: true, optional: true }],
  flags: [
    { flags: '-i, --input <file>', summary: 'the input; standard input when absent' },
    { flags: '-q, --query <file>', summary: 'file with an expression', repeatable: true },
    { flags: '-c, --compact', summary: 'the result on one line' },
    { flags: '-u, --unquoted', summary: 'a text without quotes' },
    ...COMPATIBLE_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe jp query -i pod.yaml "spec.containers[].image"', summary: 'the images of a pod' },
    { line: 'echo \'{"a": 1}\' | vouchsafe jp query "add(a, `2`)"', summary: 'from a pipe' },
  ],
  run: async () => (await import('./query.ts')).query,
};

const parseCommand: Command = {
  name: 'parse',
  summary: 'print the syntax tree of JMESPath expressions',
  arguments: [{ name: 'expression', summary: 'JMESPath expressions', variadic: true, optional: true }],
  flags: [{ flags: '-f, --file <file>', summary: 'file with an expression', repeatable: true }, ...COMPATIBLE_FLAGS],
  examples: [{ line: 'vouchsafe jp parse "a.b[0]"', summary: 'how it is read' }],
  run: async () => (await import('./parse.ts')).parse,
};

const functionCommand: Command = {
  name: 'function',
  summary: 'describe the functions of the dialect',
  arguments: [{ name: 'name', summary: 'functions; all when none is named', variadic: true, optional: true }],
  flags: COMPATIBLE_FLAGS,
  examples: [{ line: 'vouchsafe jp function truncate', summary: 'one of them' }],
  run: async () => (await import('./functions.ts')).functions,
};

/** The JMESPath of policies, on the command line. */
export const jpCommand: Command = {
  name: 'jp',
  summary: 'evaluate, read and look up the JMESPath of policies',
  commands: [queryCommand, parseCommand, functionCommand],
};
