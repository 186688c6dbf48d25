import { basename } from 'node:path';

/** The names under which the program takes the place of Kyverno's, and keeps to its exit codes. */
const KYVERNO_NAMES: readonly string[] = ['kyverno', 'kubectl-kyverno'];
const KNOWN_NAMES: readonly string[] = ['vouchsafe', 'kubectl-vouchsafe', ...KYVERNO_NAMES];

/** The name a link or copy of the program was called by; `vouchsafe` for any other file. */
export function programNameOf(script: string | undefined): string {
  const name = basename(script ?? '').replace(/\.(?:mjs|js|ts)$/, '');
  return KNOWN_NAMES.includes(name) ? name : 'vouchsafe';
}

/** A plugin is called as a verb of kubectl. */
export function shownName(program: string): string {
  return program.startsWith('kubectl-') ? program.replace('-', ' ') : program;
}

export function standsForKyverno(program: string | undefined): boolean {
  return KYVERNO_NAMES.includes(program ?? '');
}
