/** What a command talks to; tests give their own. */
export interface CommandIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Colour and progress only make sense on a terminal. */
  readonly isTerminal: boolean;
  /** Of standard error, where progress is told. */
  readonly isErrorTerminal?: boolean;
  /** The name the program was called by; `vouchsafe` when absent. */
  readonly programName?: string;
}

export interface FlagSpec {
  /** As commander reads it: `--key <file>`, `-n, --namespace <name>`, `--follow`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string | boolean;
  /** May be given several times; the value is then a list. */
  readonly repeatable?: boolean;
  /** Not shown in help. */
  readonly hidden?: boolean;
}

export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** One verb. Its folder holds its work; the list in commands/index.ts gives it help, completion and tests. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** `IMAGE`, `[POLICY…]`, as shown in the usage line. */
  readonly arguments?: readonly {
    readonly name: string;
    readonly summary: string;
    readonly optional?: boolean;
    readonly variadic?: boolean;
  }[];
  readonly flags?: readonly FlagSpec[];
  readonly examples?: readonly { readonly line: string; readonly summary: string }[];
  readonly commands?: readonly Command[];
  /** Not shown in help. */
  readonly hidden?: boolean;
  /** Loads the work only when the command is run. Resolves to the exit code. */
  readonly run?: () => Promise<(args: readonly string[], flags: FlagValues, io: CommandIo) => Promise<number>>;
}

/** Exit codes, the same for every command (docs/cli.md). */
export const EXIT = { ok: 0, violations: 1, usage: 2, evaluation: 3, nothing: 4, interrupted: 130 } as const;

export function textFlag(flags: FlagValues, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listFlag(flags: FlagValues, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : [];
}
