import { type CompletionEntry, quote } from './completion-entry.ts';

/** Words and flags with their summaries; files otherwise. */
export function renderZsh(program: string, entries: readonly CompletionEntry[]): string {
  const cases = entries.map(({ path, words, flags }) => {
    const all = [...words, ...flags].map(({ name, summary }) => quote(`${name}:${summary.replaceAll(':', '\\:')}`));
    return `    ${quote(path)}) choices=(${all.join(' ')}) ;;`;
  });
  const known = entries.map(({ path }) => path).filter((path) => path !== '');
  return `#compdef ${program}
# zsh completion of ${program}
_${program.replaceAll(/\W/g, '_')}() {
  local path="" word
  local -a choices known
  known=(${known.map(quote).join(' ')})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    local next="\${path:+$path }$word"
    (( \${known[(Ie)$next]} )) && path="$next"
  done
  case "$path" in
${cases.join('\n')}
  esac
  _describe 'command or flag' choices || _files
}
compdef _${program.replaceAll(/\W/g, '_')} ${program}
`;
}
