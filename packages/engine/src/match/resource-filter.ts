import { isJsonObject, type Json, type JsonObject, member } from '../kernel/json.ts';
import type { ResourceFilter } from '../model/policy.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { compileKinds, compilePart } from './kind-selector.ts';
import { compileAnyPair, compileLabelSelector } from './label-selector.ts';
import { compileSubjects } from './subjects.ts';

/** Who asks differs in detail (kyverno-core §2.2, §2.10, §1.4). */
export type FilterUse = 'policy' | 'exception' | 'cleanup';

/** One attribute of a filter. `why` says what was wanted and found when it does not hold. */
export interface FilterCheck {
  /** It looks at the request's operation, kind and subresource alone. */
  readonly ofShape?: true;
  readonly holds: (request: EvaluationRequest, resource: JsonObject) => boolean;
  readonly why: (request: EvaluationRequest, resource: JsonObject) => string;
}

/** All checks must hold. `user` are those about who asks; they are apart because a scan has no user. */
export interface CompiledFilter {
  readonly checks: readonly FilterCheck[];
  readonly user: readonly FilterCheck[];
}

/** Compiles every attribute once; lists are OR inside, attributes are AND among each other. */
export function compileFilter(filter: ResourceFilter, use: FilterUse): CompiledFilter {
  const checks: FilterCheck[] = [];
  if (use === 'policy' && filter.operations.length > 0) checks.push(operationCheck(filter));
  if (filter.kinds.length > 0) checks.push(kindCheck(filter, use));
  if (filter.name !== undefined && filter.name !== '') checks.push(nameCheck([filter.name]));
  if (filter.names.length > 0) checks.push(nameCheck(filter.names));
  if (filter.namespaces.length > 0) checks.push(namespaceCheck(filter.namespaces));
  if (Object.keys(filter.annotations).length > 0) checks.push(annotationCheck(filter.annotations));
  if (filter.selector) checks.push(selectorCheck(filter.selector));
  if (filter.namespaceSelector) checks.push(namespaceSelectorCheck(filter, filter.namespaceSelector, use));
  return { checks, user: userChecks(filter) };
}

function operationCheck({ operations }: ResourceFilter): FilterCheck {
  return {
    ofShape: true,
    holds: (request) => operations.includes(request.operation),
    why: (request) => `operation \`${request.operation}\` is not one of ${list(operations)}`,
  };
}

function kindCheck({ kinds }: ResourceFilter, use: FilterUse): FilterCheck {
  const matches = compileKinds(kinds, { ephemeralContainers: use !== 'cleanup' });
  return {
    ofShape: true,
    holds: (request) => matches(request.kind, request.subresource),
    why: ({ kind, subresource }) => {
      const version = kind.group ? `${kind.group}/${kind.version}` : kind.version;
      return `kind \`${version}/${kind.kind}${subresource ? `/${subresource}` : ''}\` is not one of ${list(kinds)}`;
    },
  };
}

function nameCheck(names: readonly string[]): FilterCheck {
  const predicates = names.map(compilePart);
  return {
    holds: (_request, resource) => {
      const name = nameOf(resource);
      return predicates.some((matches) => matches(name));
    },
    why: (_request, resource) => `name \`${nameOf(resource)}\` is not one of ${list(names)}`,
  };
}

function namespaceCheck(namespaces: readonly string[]): FilterCheck {
  const predicates = namespaces.map(compilePart);
  return {
    holds: (request, resource) => {
      const namespace = namespaceOf(request, resource);
      return predicates.some((matches) => matches(namespace));
    },
    why: (request, resource) => `namespace \`${namespaceOf(request, resource)}\` is not one of ${list(namespaces)}`,
  };
}

function annotationCheck(annotations: Readonly<Record<string, string>>): FilterCheck {
  const predicates = Object.entries(annotations).map(([key, value]) => compileAnyPair(key, value));
  return {
    holds: (_request, resource) => {
      const actual = metadataOf(resource, 'annotations');
      return predicates.every((holds) => holds(actual));
    },
    why: () => `annotations do not hold ${pairs(annotations)}`,
  };
}

function selectorCheck(selector: NonNullable<ResourceFilter['selector']>): FilterCheck {
  const matches = compileLabelSelector(selector);
  return {
    holds: (_request, resource) => matches(metadataOf(resource, 'labels')),
    why: (_request, resource) =>
      `labels ${JSON.stringify(metadataOf(resource, 'labels') ?? {})} do not match the selector ${JSON.stringify(selector)}`,
  };
}

/** A Namespace has no namespace: a policy does not match it, an exception or cleanup policy does not ask. */
function namespaceSelectorCheck(
  { kinds }: ResourceFilter,
  selector: NonNullable<ResourceFilter['namespaceSelector']>,
  use: FilterUse,
): FilterCheck {
  const matches = compileLabelSelector(selector);
  const wantsAll = kinds.includes('*');
  return {
    holds: (request) => {
      if (request.kind.kind === 'Namespace') return use !== 'policy';
      if (request.kind.kind === '' && !wantsAll) return true;
      return matches(request.namespaceLabels);
    },
    why: (request) =>
      request.kind.kind === 'Namespace'
        ? 'a namespaceSelector does not apply to a Namespace'
        : `namespace labels ${JSON.stringify(request.namespaceLabels)} do not match the namespaceSelector ${JSON.stringify(selector)}`,
  };
}

function userChecks({ roles, clusterRoles, subjects }: ResourceFilter): FilterCheck[] {
  const checks: FilterCheck[] = [];
  if (roles.length > 0) {
    checks.push({
      holds: (request) => request.roles.some((role) => roles.includes(role)),
      why: (request) => `none of the user's roles ${list(request.roles)} is one of ${list(roles)}`,
    });
  }
  if (clusterRoles.length > 0) {
    checks.push({
      holds: (request) => request.clusterRoles.some((role) => clusterRoles.includes(role)),
      why: (request) =>
        `none of the user's cluster roles ${list(request.clusterRoles)} is one of ${list(clusterRoles)}`,
    });
  }
  if (subjects.length > 0) {
    const matches = compileSubjects(subjects);
    checks.push({
      holds: ({ user }) => user !== undefined && matches(user),
      why: ({ user }) =>
        `user \`${user?.username ?? ''}\` is not one of ${list(subjects.map(({ kind, name }) => `${kind} ${name}`))}`,
    });
  }
  return checks;
}

/** `metadata.name`, or `generateName` while the object has no name yet. */
function nameOf(resource: JsonObject): string {
  const name = metadataOf(resource, 'name');
  if (typeof name === 'string' && name !== '') return name;
  const prefix = metadataOf(resource, 'generateName');
  return typeof prefix === 'string' ? prefix : '';
}

/** The object's namespace; a Namespace counts as inside itself. */
export function namespaceOf(request: EvaluationRequest, resource: JsonObject): string {
  const own = metadataOf(resource, request.kind.kind === 'Namespace' ? 'name' : 'namespace');
  return typeof own === 'string' && own !== '' ? own : request.namespace;
}

function metadataOf(resource: JsonObject, key: string): Json | undefined {
  const metadata = member(resource, 'metadata');
  return isJsonObject(metadata) ? member(metadata, key) : undefined;
}

function list(texts: readonly string[]): string {
  return `[${texts.map((text) => `\`${text}\``).join(', ')}]`;
}

function pairs(map: Readonly<Record<string, string>>): string {
  return list(Object.entries(map).map(([key, value]) => `${key}: ${value}`));
}
