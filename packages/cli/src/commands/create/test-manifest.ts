import { type CommandIo, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { splitFlag, writeDocument } from './write-document.ts';

/** In the schema that `test` reads; upstream still prints one that its own `test` refuses. */
export async function createTestManifest(_args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const values = textFlag(flags, 'values');
  const results = (['pass', 'fail', 'skip'] as const).flatMap((result) =>
    listFlag(flags, result).flatMap((text) => toResult(text, result)),
  );
  return writeDocument(
    {
      apiVersion: 'cli.kyverno.io/v1alpha1',
      kind: 'Test',
      metadata: { name: textFlag(flags, 'name') ?? 'test-name' },
      policies: splitFlag(flags, 'policy'),
      resources: splitFlag(flags, 'resource'),
      ...(values === undefined ? {} : { variables: values }),
      results,
    },
    flags,
    io,
  );
}

function toResult(text: string, result: string): readonly object[] {
  const parts = text.split(',');
  const [policy, rule, resource = '', namespace = '', kind, patchedResources] = parts;
  if (parts.length !== 5 && parts.length !== 6) return [];
  return [
    {
      policy,
      rule,
      resources: [namespace === '' ? resource : `${namespace}/${resource}`],
      kind,
      ...(patchedResources === undefined ? {} : { patchedResources }),
      result,
    },
  ];
}
