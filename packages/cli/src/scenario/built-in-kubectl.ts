import { type ApiResource, isKubeError, type KubeClient, type KubernetesObject, resourcePath } from '@vouchsafe/kube';
import { parseAllDocuments } from 'yaml';
import { alignColumns } from './align-columns.ts';
import { evaluateJsonPath, renderCustomColumns } from './json-path.ts';
import type { CommandResult, Kubectl } from './kubectl.ts';

interface Arguments {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

type Verb = (client: KubeClient, args: Arguments, stdin: string | undefined, warn: Warn) => Promise<string>;

/** Told each warning that the API server gave. */
type Warn = (text: string) => void;

const DEFAULT_NAMESPACE = 'default';
const WAIT_POLL_MS = 100;
const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' } as const;
const PODS = { group: '', version: 'v1', resource: 'pods' } as const;

/**
 * The few verbs the tour needs, for machines without kubectl. It prints what kubectl prints for them; a verb it does not
 * know is a failure that says so.
 */
export function createBuiltInKubectl(client: KubeClient): Kubectl {
  const verbs = new Map<string, Verb>([
    ['apply', apply],
    ['get', get],
    ['run', run],
    ['create', create],
    ['delete', remove],
    ['wait', wait],
  ]);
  return {
    description: 'the built-in kubectl (no kubectl was found)',
    async run(line, stdin): Promise<CommandResult> {
      const [name = '', ...rest] = line;
      const verb = verbs.get(name);
      const warnings: string[] = [];
      if (!verb) return failure(`error: the built-in kubectl has no verb \`${name}\`; install kubectl`);
      try {
        const stdout = await verb(client, parseArguments(rest), stdin, (text) => warnings.push(`Warning: ${text}\n`));
        return { code: 0, stdout, stderr: warnings.join('') };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return failure(
          isKubeError(error)
            ? `Error from server${error.code === 400 ? '' : ` (${error.reason})`}: ${message}`
            : `error: ${message}`,
        );
      }
    },
  };
}

function failure(message: string): CommandResult {
  return { code: 1, stdout: '', stderr: `${message}\n` };
}

const SWITCHES = new Set(['-A', '--all-namespaces']);
const SHORT: Readonly<Record<string, string>> = {
  '-n': 'namespace',
  '-o': 'output',
  '-f': 'filename',
  '-A': 'all-namespaces',
};

function parseArguments(line: readonly string[]): Arguments {
  const words: string[] = [];
  const flags = new Map<string, string>();
  for (let at = 0; at < line.length; at += 1) {
    const word = line[at] ?? '';
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    const [name = '', given] = word.includes('=')
      ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
      : [word];
    const key = SHORT[name] ?? name.replace(/^--/, '');
    if (given !== undefined || SWITCHES.has(name)) {
      flags.set(key, given ?? 'true');
    } else {
      at += 1;
      flags.set(key, line[at] ?? '');
    }
  }
  return { words, flags };
}

async function findResource(client: KubeClient, name: string): Promise<ApiResource> {
  const [resource = '', ...group] = name.toLowerCase().split('.');
  const served = await client.discovery.resources();
  const found = served.find(
    (item) =>
      item.isPreferredVersion &&
      (item.resource === resource || item.singular === resource || item.shortNames.includes(resource)) &&
      (group.length === 0 || item.group === group.join('.')),
  );
  if (!found) throw new Error(`the server doesn't have a resource type "${name}"`);
  return found;
}

function namespaceOf({ flags }: Arguments): string {
  return flags.get('namespace') ?? DEFAULT_NAMESPACE;
}

function title({ group, singular }: ApiResource, name: string): string {
  return `${singular}${group ? `.${group}` : ''}/${name}`;
}

async function apply(client: KubeClient, args: Arguments, stdin: string | undefined, warn: Warn): Promise<string> {
  if (args.flags.get('filename') !== '-' || stdin === undefined)
    throw new Error('the built-in kubectl applies from standard input only');
  const lines: string[] = [];
  for (const document of parseAllDocuments(stdin)) {
    const object = document.toJS() as KubernetesObject | null; // checked by the server
    if (!object) continue;
    const [version = '', group = ''] = object.apiVersion.split('/').reverse();
    const resource = await client.discovery.findKind({ group, version, kind: object.kind });
    if (!resource) throw new Error(`no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
    const name = object.metadata.name ?? '';
    const target = {
      name,
      ...(resource.isNamespaced ? { namespace: object.metadata.namespace ?? namespaceOf(args) } : {}),
    };
    const live = await client.get(resource, target).catch((error: unknown) => {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    });
    const query = { fieldManager: 'kubectl-client-side-apply', ...(live ? {} : { fieldValidation: 'Strict' }) };
    const path = live ? resourcePath(resource, target, query) : resourcePath(resource, withoutName(target), query);
    const { headers } = await client.raw(path, {
      method: live ? 'PATCH' : 'POST',
      headers: { 'content-type': live ? 'application/merge-patch+json' : 'application/json' },
      body: JSON.stringify(object),
    });
    for (const text of warningsIn(headers)) warn(text);
    lines.push(`${title(resource, name)} ${live ? 'configured' : 'created'}\n`);
  }
  return lines.join('');
}

function withoutName({ name: _, ...target }: { readonly name: string; readonly namespace?: string }) {
  return target;
}

/** The texts of `Warning: 299 - "…"` headers. */
function warningsIn(headers: Readonly<Record<string, string | readonly string[] | undefined>>): readonly string[] {
  const values = [headers['warning'] ?? []].flat();
  return values.flatMap((value) =>
    [...value.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1')),
  );
}

async function run(client: KubeClient, args: Arguments): Promise<string> {
  const [name = ''] = args.words;
  const containers = [{ name, image: args.flags.get('image') ?? '' }];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { run: name } }, spec: { containers } };
  await client.create(PODS, pod, { namespace: namespaceOf(args) }, { fieldManager: 'kubectl-run' });
  return `pod/${name} created\n`;
}

async function create(client: KubeClient, args: Arguments): Promise<string> {
  const [kind, name = ''] = args.words;
  if (kind === 'namespace' || kind === 'ns') {
    await client.create(
      { group: '', version: 'v1', resource: 'namespaces' },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    );
    return `namespace/${name} created\n`;
  }
  if (kind !== 'deployment') throw new Error(`the built-in kubectl creates namespaces and deployments, no ${kind}`);
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'main', image: args.flags.get('image') ?? '' }] },
  };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  };
  await client.create(DEPLOYMENTS, deployment, { namespace: namespaceOf(args) });
  return `deployment.apps/${name} created\n`;
}

async function remove(client: KubeClient, args: Arguments): Promise<string> {
  const [type = '', name = ''] = args.words;
  const resource = await findResource(client, type);
  await client.delete(
    resource,
    { name, ...(resource.isNamespaced ? { namespace: namespaceOf(args) } : {}) },
    { propagationPolicy: 'Background' },
  );
  return `${resource.singular}${resource.group ? `.${resource.group}` : ''} "${name}" deleted\n`;
}

async function wait(client: KubeClient, args: Arguments): Promise<string> {
  const [type = '', name = ''] = (args.words[0] ?? '').split('/');
  const [, wanted = ''] = (args.flags.get('for') ?? '').split('=');
  const resource = await findResource(client, type);
  const target = { name, ...(resource.isNamespaced ? { namespace: namespaceOf(args) } : {}) };
  const deadline = performance.now() + Number.parseInt(args.flags.get('timeout') ?? '30', 10) * 1000;
  while (performance.now() < deadline) {
    const { status } = await client.get(resource, target);
    const conditions =
      ((status ?? {}) as { conditions?: readonly { type?: string; status?: string }[] }).conditions ?? []; // an API object
    if (conditions.some((condition) => condition.type === wanted && condition.status === 'True'))
      return `${title(resource, name)} condition met\n`;
    await new Promise((resolve) => setTimeout(resolve, WAIT_POLL_MS));
  }
  throw new Error(`timed out waiting for the condition on ${type}/${name}`);
}

async function get(client: KubeClient, args: Arguments): Promise<string> {
  const [type = '', name] = args.words;
  const resource = await findResource(client, type);
  const everywhere = args.flags.has('all-namespaces') || !resource.isNamespaced;
  const target = { ...(everywhere ? {} : { namespace: namespaceOf(args) }), ...(name ? { name } : {}) };
  const output = args.flags.get('output') ?? '';
  if (output === '') return renderTable(client, resourcePath(resource, target), everywhere && resource.isNamespaced);
  const found = name ? await client.get(resource, { ...target, name }) : await client.list(resource, target);
  if (output.startsWith('jsonpath=')) return evaluateJsonPath(output.slice('jsonpath='.length), found);
  if (output.startsWith('custom-columns=')) {
    const items = 'items' in found && Array.isArray(found.items) ? found.items : [found];
    return renderCustomColumns(output.slice('custom-columns='.length), items);
  }
  return `${JSON.stringify(found, null, 4)}\n`;
}

interface Table {
  readonly columnDefinitions?: readonly { readonly name: string; readonly priority: number }[];
  readonly rows?: readonly {
    readonly cells: readonly unknown[];
    readonly object?: { readonly metadata?: { readonly namespace?: string } };
  }[];
}

async function renderTable(client: KubeClient, path: string, withNamespace: boolean): Promise<string> {
  const { body } = await client.raw(path, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
  const table = JSON.parse(Buffer.from(body).toString('utf8')) as Table; // the server was asked for a Table
  const columns = (table.columnDefinitions ?? [])
    .map(({ name, priority }, index) => ({ name, priority, index }))
    .filter(({ priority }) => priority === 0);
  const header = [...(withNamespace ? ['NAMESPACE'] : []), ...columns.map(({ name }) => name.toUpperCase())];
  const rows = (table.rows ?? []).map(({ cells, object }) => [
    ...(withNamespace ? [object?.metadata?.namespace ?? ''] : []),
    ...columns.map(({ index }) => String(cells[index] ?? '')),
  ]);
  return rows.length === 0 ? '' : alignColumns([header, ...rows]);
}
