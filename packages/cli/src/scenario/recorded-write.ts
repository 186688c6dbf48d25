import type { ObservedExchange } from '@vouchsafe/sandbox';
import { parse, stringify } from 'yaml';
import { placeOf, refusalOf, titleOf, typeOf, waitFor } from './recorded-target.ts';
import type { Expectation } from './scenario.ts';
import type { RecordedStep } from './steps-of-exchanges.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const PATCH_TYPES: Readonly<Record<string, string>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
export type Manifest = Readonly<Record<string, unknown>> & { readonly metadata?: Metadata };

/** What a write becomes, before its outcome is looked at. */
interface Command {
  readonly kubectl: readonly string[];
  readonly stdin?: string;
  readonly name: string;
  /** kubectl's word when it worked. */
  readonly done: string;
}

/** A write as a step that asks for the same; a text when it cannot be given again. */
export function writeStep(exchange: ObservedExchange): RecordedStep | string {
  const { resource } = exchange;
  const command = commandOf(exchange);
  if (command === undefined) {
    const part = resource.subresource ? `/${resource.subresource}` : '';
    return `${exchange.command ?? exchange.method} on ${resource.plural}${part} cannot be given again and was left out`;
  }
  const { kubectl, stdin, name, done } = command;
  const dryRun = new URL(exchange.url, 'https://sandbox.invalid').searchParams.get('dryRun') === 'All';
  const isRefused = exchange.code >= 400;
  const outcome = isRefused ? 'is refused' : `is ${done}${dryRun ? ', for a try' : ''}`;
  return {
    title: `${titleOf(resource, name)} ${outcome}`,
    kubectl: [...kubectl, ...(dryRun ? ['--dry-run=server'] : [])],
    ...(stdin === undefined ? {} : { stdin }),
    expect: isRefused ? refusalOf(exchange) : successOf(exchange, done),
  };
}

function successOf({ warnings }: ObservedExchange, done: string): Expectation {
  const said = warnings.map((text) => `Warning: ${text.replace(/^299 - "(.*)"$/s, '$1').replace(/\\(.)/g, '$1')}`);
  return { stdout: [done], ...(said.length > 0 ? { stderr: said } : {}) };
}

function commandOf(exchange: ObservedExchange): Command | undefined {
  const { method, resource, object } = exchange;
  if (method === 'PATCH') return patchCommand(exchange);
  if (method === 'DELETE') return deleteCommand(exchange);
  if (resource.subresource !== '' || object === undefined) return undefined;
  const manifest = cleaned(object as Manifest); // an API object, or what the server refused as none
  const verb = method === 'PUT' ? 'replace' : exchange.command === 'kubectl apply' ? 'apply' : 'create';
  const done = { replace: 'replaced', apply: 'created', create: 'created' }[verb];
  return fromManifest([verb], manifest, exchange, done);
}

function fromManifest(
  verb: readonly string[],
  manifest: Manifest,
  { resource }: ObservedExchange,
  done: string,
): Command {
  const place = manifest.metadata?.namespace ? [] : placeOf(resource);
  return {
    kubectl: [...verb, ...place, '-f', '-'],
    stdin: stringify(manifest),
    name: manifest.metadata?.name ?? resource.name,
    done,
  };
}

function patchCommand(exchange: ObservedExchange): Command | undefined {
  const { resource, mediaType, patch = '', url } = exchange;
  const query = new URL(url, 'https://sandbox.invalid').searchParams;
  if (mediaType.startsWith('application/apply-patch')) {
    const force = query.get('force') === 'true' ? ['--force-conflicts'] : [];
    const manager = query.get('fieldManager');
    const verb = ['apply', '--server-side', ...force, ...(manager ? [`--field-manager=${manager}`] : [])];
    const manifest = parsed(patch);
    return manifest && fromManifest(verb, cleaned(manifest), exchange, 'serverside-applied');
  }
  const type = PATCH_TYPES[mediaType];
  if (type === undefined) return undefined;
  const applied =
    exchange.command === 'kubectl apply' ? parsed(patch)?.metadata?.annotations?.[LAST_APPLIED] : undefined;
  const manifest = applied === undefined ? undefined : parsed(applied);
  if (manifest) return fromManifest(['apply'], cleaned(manifest), exchange, 'configured');
  const part = resource.subresource ? [`--subresource=${resource.subresource}`] : [];
  return {
    kubectl: ['patch', typeOf(resource), resource.name, ...placeOf(resource), ...part, `--type=${type}`, '-p', patch],
    name: resource.name,
    done: 'patched',
  };
}

function deleteCommand({ resource, url }: ObservedExchange): Command | undefined {
  if (resource.subresource !== '') return undefined;
  const labels = new URL(url, 'https://sandbox.invalid').searchParams.get('labelSelector');
  const which = resource.name ? [resource.name] : labels ? ['-l', labels] : ['--all'];
  return {
    kubectl: ['delete', typeOf(resource), ...which, ...placeOf(resource)],
    name: resource.name,
    done: 'deleted',
  };
}

/** Steps that make the policies a cluster holds when a recording starts: without them its refusals could not be had again. */
export function policySteps(policies: readonly Manifest[], type: string): readonly RecordedStep[] {
  return policies.flatMap((policy) => {
    const { name = '', namespace } = policy.metadata ?? {};
    return [
      {
        title: `the policy ${name} was there before`,
        kubectl: ['apply', '-f', '-'],
        stdin: stringify(cleaned(policy)),
        expect: { stdout: ['created'] },
      },
      waitFor({ type, name, namespace }, 'Ready'),
    ];
  });
}

/** Without what kubectl and the server put in. */
function cleaned({ status: _, metadata = {}, ...rest }: Manifest): Manifest {
  const {
    creationTimestamp: _created,
    resourceVersion: _version,
    uid: _uid,
    generation: _generation,
    managedFields: _managed,
    annotations,
    ...kept
  } = metadata as Metadata & Readonly<Record<string, unknown>>; // whatever else is in it stays
  const own = Object.entries(annotations ?? {}).filter(([key]) => key !== LAST_APPLIED);
  const { apiVersion, kind, ...body } = rest;
  return {
    apiVersion,
    kind,
    metadata: { ...kept, ...(own.length > 0 ? { annotations: Object.fromEntries(own) } : {}) },
    ...body,
  };
}

function parsed(text: string): Manifest | undefined {
  try {
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null ? (value as Manifest) : undefined; // JSON or YAML of an object
  } catch {
    return undefined;
  }
}
