import type { Command } from './command.ts';

/**
 * Arguments with `--flag=true` as `--flag`, and without `--flag=false`, for flags that take no value: Go's flag packages
 * allow both, and scripts make use of it.
 */
export function withoutBooleanValues(args: readonly string[], commands: readonly Command[]): string[] {
  if (!args.some((arg) => BOOLEAN.test(arg))) return [...args];
  const names = new Set(booleanNames(commands));
  const end = args.indexOf('--');
  return args.flatMap((arg, index) => {
    const [, name = '', value] = BOOLEAN.exec(arg) ?? [];
    if (value === undefined || !names.has(name) || (end >= 0 && index > end)) return [arg];
    return value.toLowerCase() === 'true' ? [`--${name}`] : [];
  });
}

const BOOLEAN = /^--([\w-]+)=(true|false)$/i;

function booleanNames(commands: readonly Command[]): readonly string[] {
  return commands.flatMap(({ flags = [], commands: inner = [] }) => [
    ...flags.filter(({ flags: text }) => !/[<[]/.test(text)).flatMap(({ flags: text }) => longName(text)),
    ...booleanNames(inner),
  ]);
}

function longName(text: string): readonly string[] {
  const name = /--([\w-]+)/.exec(text)?.[1];
  return name === undefined ? [] : [name];
}
