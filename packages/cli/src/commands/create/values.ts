import { type CommandIo, type FlagValues, listFlag } from '../../flags/command.ts';
import { splitFlag, toPairs, writeDocument } from './write-document.ts';

export async function createValues(_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  return writeDocument(
    {
      apiVersion: 'cli.kyverno.io/v1alpha1',
      kind: 'Values',
      metadata: { name: 'values' },
      globalValues: toPairs(splitFlag(flags, 'global')),
      policies: [
        ...listFlag(flags, 'rule').flatMap((text) => toPolicy(text, 'rules')),
        ...listFlag(flags, 'resource').flatMap((text) => toPolicy(text, 'resources')),
      ],
      namespaceSelector: listFlag(flags, 'nsSelector').flatMap(toSelector),
    },
    flags,
    io,
  );
}

/** `policy,rule,key=value`; a text without a rule says nothing. */
function toPolicy(text: string, field: 'rules' | 'resources'): readonly object[] {
  const [policy, name, ...values] = text.split(',');
  return name === undefined ? [] : [{ name: policy, [field]: [{ name, values: toPairs(values) }] }];
}

function toSelector(text: string): readonly object[] {
  const [name, ...labels] = text.split(',');
  return labels.length === 0 ? [] : [{ name, labels: toPairs(labels) }];
}
