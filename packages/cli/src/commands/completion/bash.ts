import { type CompletionEntry, quote } from './completion-entry.ts';

/** Words and flags by the commands typed so far; files otherwise. */
export function renderBash(program: string, entries: readonly CompletionEntry[]): string {
  const cases = entries.map(({ path, words, flags }) => {
    const all = [...words, ...flags].map(({ name }) => name).join(' ');
    return `    ${quote(path)}) words=${quote(all)} ;;`;
  });
  const name = functionName(program);
  return `# bash completion of ${program}
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "$word" == -* ]] && continue
    case "$path \${word}" in
${entries
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${quote(path.includes(' ') ? path : ` ${path}`)}) path=${quote(path)} ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F ${name} ${program}
`;
}

function functionName(program: string): string {
  return `_${program.replaceAll(/\W/g, '_')}`;
}
