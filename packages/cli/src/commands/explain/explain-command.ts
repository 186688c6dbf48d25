import type { Command } from '../../flags/command.ts';
import { REGISTRY_FLAGS } from '../../flags/registry-flags.ts';

/** Why was it refused? */
export const explainCommand: Command = {
  name: 'explain',
  summary: 'tell why the last requests were refused, or step by step what policies say of resources in files',
  arguments: [
    { name: 'policy', summary: 'files or folders of policies; alone: name of a refused resource', optional: true },
    { name: 'resource', summary: 'files or folders of resources', optional: true },
  ],
  flags: [
    { flags: '--kubeconfig <file>', summary: 'cluster to ask (default: the running sandbox, else as kubectl)' },
    { flags: '-n, --namespace <name>', summary: 'namespace of the operator', default: 'kyverno' },
    { flags: '--home <dir>', summary: 'folder of the sandbox' },
    { flags: '--list', summary: 'list the refusals that are known' },
    { flags: '-o, --output <format>', summary: 'text or json', default: 'text' },
    { flags: '--rule <name>', summary: 'of files: this rule alone, and what autogen makes of it' },
    { flags: '--operation <name>', summary: 'of files: CREATE, UPDATE or DELETE', default: 'CREATE' },
    { flags: '-f, --values-file <file>', summary: 'of files: values of variables' },
    { flags: '-u, --userinfo <file>', summary: 'of files: roles and subject of the requester' },
    { flags: '-e, --exception <path>', summary: 'of files: policy exceptions', repeatable: true },
    ...REGISTRY_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe explain', summary: 'the last refusal' },
    { line: 'vouchsafe explain default/web', summary: 'the last refusal of one resource' },
    { line: 'vouchsafe explain policy.yaml pod.yaml', summary: 'why each rule matched or not, step by step' },
  ],
  run: async () => (await import('./explain.ts')).explain,
};
