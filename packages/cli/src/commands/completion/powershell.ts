import type { CompletionEntry } from './completion-entry.ts';

/** A completer that looks words and flags up by the commands typed so far. */
export function renderPowerShell(program: string, entries: readonly CompletionEntry[]): string {
  const rows = entries.map(({ path, words, flags }) => {
    const all = [...words, ...flags].map(({ name }) => `'${name}'`);
    return `    '${path}' = @(${all.join(', ')})`;
  });
  return `# PowerShell completion of ${program}
Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $known = @{
${rows.join('\n')}
  }
  $path = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $next = "$path $element".Trim()
    if ($known.ContainsKey($next)) { $path = $next }
  }
  $known[$path] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}
