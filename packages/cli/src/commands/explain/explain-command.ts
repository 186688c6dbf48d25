import type { Command } from '../../flags/command.ts';

/** Why was it refused? */
export const explainCommand: Command = {
  name: 'explain',
  summary: 'tell why the last requests were refused: what matched, what was found, what to do',
  arguments: [{ name: 'resource', summary: 'name, or namespace/name; the last refusal when absent', optional: true }],
  flags: [
    { flags: '--kubeconfig <file>', summary: 'cluster to ask (default: the running sandbox, else as kubectl)' },
    { flags: '-n, --namespace <name>', summary: 'namespace of the operator', default: 'kyverno' },
    { flags: '--home <dir>', summary: 'folder of the sandbox' },
    { flags: '--list', summary: 'list the refusals that are known' },
    { flags: '-o, --output <format>', summary: 'text or json', default: 'text' },
  ],
  examples: [
    { line: 'vouchsafe explain', summary: 'the last refusal' },
    { line: 'vouchsafe explain default/web', summary: 'the last refusal of one resource' },
  ],
  run: async () => (await import('./explain.ts')).explain,
};
