import { type CommandIo, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { refuse, writeDocument } from './write-document.ts';

export async function createException(
  [name = '']: readonly string[],
  flags: FlagValues,
  io: CommandIo,
): Promise<number> {
  const rules = listFlag(flags, 'policyRules');
  if (rules.length === 0) return refuse('required flag(s) "policy-rules" not set', io);
  const any = listFlag(flags, 'any').flatMap(toFilter);
  const all = listFlag(flags, 'all').flatMap(toFilter);
  const background = flags['background'] !== 'false' && flags['background'] !== false;
  return writeDocument(
    {
      apiVersion: 'kyverno.io/v2',
      kind: 'PolicyException',
      metadata: { name, namespace: textFlag(flags, 'namespace') ?? 'default' },
      spec: {
        background,
        match: { ...(any.length > 0 ? { any } : {}), ...(all.length > 0 ? { all } : {}) },
        exceptions: rules.flatMap(toException),
      },
    },
    flags,
    io,
  );
}

function toException(text: string): readonly object[] {
  const [policyName = '', ...ruleNames] = text.split(',');
  return ruleNames.length > 0 ? [{ policyName, ruleNames }] : [];
}

const FIELDS: Readonly<Record<string, string>> = {
  kind: 'kinds',
  name: 'names',
  namespace: 'namespaces',
  operation: 'operations',
};

/** `kind=Pod,name=x` as a filter on resources; parts of other forms make no filter, as upstream. */
function toFilter(text: string): readonly object[] {
  const resources: Record<string, string[]> = {};
  for (const part of text.split(',')) {
    const [key = '', value, ...rest] = part.split('=');
    if (value === undefined || rest.length > 0) return [];
    const field = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    if (field !== undefined) resources[field] = [...(resources[field] ?? []), value];
  }
  return [{ resources }];
}
