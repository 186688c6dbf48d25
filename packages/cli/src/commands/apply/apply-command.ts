import type { Command } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';
import { REGISTRY_FLAGS } from '../../flags/registry-flags.ts';
import { SUBSTITUTION_FLAGS } from '../../flags/substitution-flags.ts';

/** Flags, texts and exit codes are Kyverno's (kyverno-core §5.2); further formats of `-o` are our own. */
export const applyCommand: Command = {
  name: 'apply',
  summary: 'evaluate policies on resources from files, folders, standard input or a cluster',
  arguments: [
    {
      name: 'policy',
      summary: 'files, folders, globs, `-`, git repositories, or `oci://` artifacts',
      variadic: true,
      optional: true,
    },
  ],
  flags: [
    { flags: '-r, --resource <path>', summary: 'resources: file, folder, glob, URL or `-`', repeatable: true },
    { flags: '--resources <path>', summary: 'the same', repeatable: true },
    { flags: '--target-resource <path>', summary: 'objects that mutate-existing rules change', repeatable: true },
    { flags: '--target-resources <path>', summary: 'the same', repeatable: true },
    { flags: '--parameter-resource <path>', summary: 'parameters of admission policies', repeatable: true },
    { flags: '-c, --cluster', summary: 'the resources of the cluster in the current context' },
    { flags: '-n, --namespace <name>', summary: 'only this namespace of the cluster' },
    { flags: '--cluster-wide-resources', summary: 'also resources without namespace' },
    {
      flags: '-o, --output <target>',
      summary:
        'sarif, github, junit, each also as format=file; or a file or folder for mutated and generated resources',
      repeatable: true,
    },
    { flags: '-s, --set <key=value>', summary: 'values of variables', repeatable: true },
    { flags: '-f, --values-file <file>', summary: 'file with values of variables' },
    { flags: '-u, --userinfo <file>', summary: 'file with roles, cluster roles and subject of the requester' },
    { flags: '--context-file <file>', summary: 'context data of policies in CEL' },
    { flags: '-p, --policy-report', summary: 'print reports instead of findings' },
    { flags: '--output-format <format>', summary: 'yaml or json, for reports', default: 'yaml' },
    { flags: '-t, --table', summary: 'print a table of all results' },
    { flags: '--detailed-results', summary: 'with the message of each result' },
    { flags: '--remove-color', summary: 'no colours' },
    { flags: '-i, --stdin', summary: 'print mutated resources alone, to be piped on' },
    ...REGISTRY_FLAGS,
    { flags: '--kubeconfig <file>', summary: 'kubeconfig of the cluster' },
    { flags: '--context <name>', summary: 'context of the kubeconfig' },
    {
      flags: '-b, --git-branch <branch>',
      summary: 'branch of the git repository; the rest of its URL is a folder then',
    },
    { flags: '--username <name>', summary: 'user of the git repository' },
    { flags: '--password <text>', summary: 'password of the git repository' },
    { flags: '--audit-warn', summary: 'failures of rules in Audit are warnings' },
    { flags: '--warn-exit-code <number>', summary: 'exit code when there are warnings', default: '0' },
    { flags: '--warn-no-pass', summary: 'the warn exit code also when nothing passed' },
    { flags: '-e, --exception <path>', summary: 'policy exceptions', repeatable: true },
    { flags: '--exceptions <path>', summary: 'the same', repeatable: true },
    { flags: '--exceptions-with-resources', summary: 'take exceptions from the resources' },
    { flags: '--exceptions-within-resources', summary: 'the same' },
    { flags: '--exceptions-within-policies', summary: 'take exceptions from the policies' },
    { flags: '--generate-exceptions', summary: 'print an exception for each failure' },
    { flags: '--generated-exception-ttl <duration>', summary: 'how long such exceptions live', default: '720h' },
    {
      flags: '--crd-paths <path>',
      summary: 'files of CustomResourceDefinitions, for the scope of kinds',
      repeatable: true,
    },
    { flags: '--crd-path <path>', summary: 'deprecated: the same', repeatable: true },
    { flags: '--json <file>', summary: 'JSON payloads of policies in CEL', repeatable: true },
    { flags: '--http-payload <file>', summary: 'requests that policies of mode HTTP answer', repeatable: true },
    { flags: '--envoy-payload <file>', summary: 'requests that policies of mode Envoy answer', repeatable: true },
    { flags: '--continue-on-fail', summary: 'go on with the next resource when one cannot be evaluated' },
    { flags: '--continue-on-error', summary: 'accepted, and always so' },
    { flags: '--concurrent <number>', summary: 'accepted; reading needs no workers' },
    { flags: '--batch-size <number>', summary: 'resources a page of the cluster', default: '100' },
    { flags: '--show-performance', summary: 'tell how long it took, on standard error' },
    { flags: '--allow-empty', summary: 'exit with 0 when there is no policy or no resource' },
    ...SUBSTITUTION_FLAGS,
    ...COMPATIBLE_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe apply policies/ -r manifests/', summary: 'all policies on the files of a folder' },
    {
      line: 'kustomize build . | vouchsafe apply policies/ -r - -o github',
      summary: 'what is rendered, in a workflow',
    },
    { line: 'vouchsafe apply policies/ --cluster --policy-report', summary: 'a report on the cluster' },
  ],
  run: async () => (await import('./apply.ts')).apply,
};
