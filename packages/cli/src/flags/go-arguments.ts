import type { Command, FlagSpec } from './command.ts';
import { COMPATIBLE_FLAGS } from './compatible-flags.ts';

/**
 * Arguments as Go's flag packages take them, and scripts therefore write them, as commander does: `--flag=true` and `-f=true`
 * of flags without a value, `-f=value`, and flags of every command in front of its name.
 */
export function fromGoArguments(args: readonly string[], commands: readonly Command[]): string[] {
  const moved = args[0]?.startsWith('-') ? afterCommand(args) : args;
  if (!moved.some((arg) => SIGNED.test(arg))) return [...moved];
  const flags = flagsOf(moved, commands);
  const end = moved.indexOf('--');
  return moved.flatMap((arg, index) => (end >= 0 && index > end ? [arg] : fromGo(arg, flags)));
}

/** Moves flags that every command takes behind the name of the command. */
function afterCommand(args: readonly string[]): readonly string[] {
  let at = 0;
  while (at < args.length) {
    const arg = args[at] ?? '';
    const flag = COMPATIBLE_FLAGS.find((known) => namesOf(known).includes(arg.replace(/=.*$/s, '')));
    if (!flag) break;
    at += takesValue(flag) && !arg.includes('=') ? 2 : 1;
  }
  const name = args[at];
  if (at === 0 || name === undefined || name.startsWith('-')) return args;
  return [name, ...args.slice(0, at), ...args.slice(at + 1)];
}

/** Those of the command that the arguments name. */
function flagsOf(args: readonly string[], commands: readonly Command[]): readonly FlagSpec[] {
  const command = commands.find(({ name }) => name === args[0]);
  const inner = command?.commands?.find(({ name }) => name === args[1]);
  return [...(command?.flags ?? []), ...(inner?.flags ?? [])];
}

const SIGNED = /^(--?[\w-]+)=(.*)$/s;

function fromGo(arg: string, flags: readonly FlagSpec[]): readonly string[] {
  const [, name = '', value = ''] = SIGNED.exec(arg) ?? [];
  const flag = flags.find((known) => namesOf(known).includes(name));
  if (name === '' || !flag) return [arg];
  if (!/[<[]/.test(flag.flags) && /^(?:true|false)$/i.test(value)) {
    return value.toLowerCase() === 'true' ? [name] : [];
  }
  // Attached to the letter commander would take the sign for a part of the value.
  return name.startsWith('--') ? [arg] : [`${name}${value}`];
}

function takesValue({ flags }: FlagSpec): boolean {
  return flags.includes('<');
}

/** `-n` and `--name` of `-n, --name <value>`. */
function namesOf({ flags }: FlagSpec): readonly string[] {
  return flags.match(/--?[\w-]+/g) ?? [];
}
