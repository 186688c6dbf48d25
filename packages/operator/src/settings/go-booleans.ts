import type { ParseArgsOptionsConfig } from 'node:util';

/**
 * Flags with a truth value as Go's programs take them: `--x` and `--x=true` are the same, for flags that are off without
 * them and for those that are on. For `parseArgs` with `allowNegative`; what is no truth value is left for it to refuse.
 */
export function withGoBooleans(args: readonly string[], options: ParseArgsOptionsConfig): string[] {
  return args.map((argument, index) => {
    const [, name = '', value] = /^--(\w+)(?:=(true|false))?$/.exec(argument) ?? [];
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option?.type === 'boolean' && value !== undefined) return value === 'true' ? `--${name}` : `--no-${name}`;
    const isTruth = isTruthValue(option?.default);
    return isTruth && value === undefined && !isTruthValue(args[index + 1]) ? `${argument}=true` : argument;
  });
}

function isTruthValue(value: unknown): boolean {
  return value === 'true' || value === 'false';
}
