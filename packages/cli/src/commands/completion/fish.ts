import { type CompletionEntry, quote } from './completion-entry.ts';

/** One line a word or flag. */
export function renderFish(program: string, entries: readonly CompletionEntry[]): string {
  const lines = [`# fish completion of ${program}`];
  for (const { path, words, flags } of entries) {
    const when = conditionOf(path, words);
    for (const { name, summary } of words) {
      lines.push(`complete -c ${program} -f -n ${quote(when)} -a ${quote(name)} -d ${quote(summary)}`);
    }
    for (const { name, summary, takesValue } of flags) {
      const value = takesValue ? ' -r' : '';
      lines.push(`complete -c ${program} -n ${quote(seenAll(path))}${value} -l ${name.slice(2)} -d ${quote(summary)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function conditionOf(path: string, words: CompletionEntry['words']): string {
  if (path === '') return '__fish_use_subcommand';
  return `${seenAll(path)}; and not __fish_seen_subcommand_from ${words.map(({ name }) => name).join(' ')}`;
}

function seenAll(path: string): string {
  return path
    .split(' ')
    .map((name) => `__fish_seen_subcommand_from ${name}`)
    .join('; and ');
}
