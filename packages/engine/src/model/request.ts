import type { FactKind } from '../facts/fact-request.ts';
import { isJsonObject, type Json, type JsonObject, withMember } from '../kernel/json.ts';
import type { BypassJudge } from './bypass.ts';
import type { ResourceRef } from './decision.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: JsonObject;
}

/**
 * What is evaluated. An admission and a scan look the same: a scan has no `admission`, no `user`, and operation
 * `CREATE` unless told otherwise.
 */
export interface EvaluationRequest {
  readonly operation: Operation;
  /** Top-level kind: the parent's for a subresource request (`Deployment` for `deployments/scale`). */
  readonly kind: GroupVersionKind;
  readonly subresource: string;
  /** The plural of the kind (`pods`), as the API server or a table of kinds tells it; absent when neither knows. */
  readonly plural?: string;
  readonly namespace: string;
  readonly name: string;
  /** The new object; absent on DELETE. */
  readonly resource: JsonObject | undefined;
  readonly oldResource: JsonObject | undefined;
  /** The new object as it was asked for, once a mutation made it another. */
  readonly original?: JsonObject;
  /** `resource` is no object of Kubernetes but a payload, which only policies about payloads judge. */
  readonly payload?: boolean;
  /** The payload is a CheckRequest of this server, which only policies of this mode judge. */
  readonly checkedBy?: 'Envoy' | 'HTTP';
  /** The AdmissionRequest as received, for `request.*` in expressions. Absent in scans. */
  readonly admission: JsonObject | undefined;
  /** Absent when nobody asked for it: rules about users then do not match. */
  readonly user: UserInfo | undefined;
  /** `namespace:name`, sorted. */
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
  /** The one clock of a decision: milliseconds since the epoch. */
  readonly now: number;
  /** Further variables at the root of the context, as the CLI's values files give them. */
  readonly variables?: JsonObject;
  readonly standIns?: StandIns;
  /** Heeds `policies.kyverno.io/skip`; absent unless switched on. */
  readonly bypass?: BypassJudge;
}

/** What stands in for a cluster where there is none: the values files of Kyverno's CLI (kyverno-core §5.2). */
export interface StandIns {
  /** Kinds of facts nobody can give: the context entries that need them do not exist. */
  readonly absent: ReadonlySet<FactKind>;
  /** Numbers of the object are doubles to expressions in CEL, as Kyverno's CLI reads files (kyverno-cel §9.3). */
  readonly doubles?: boolean;
  /** Namespaces by name, as `namespaceObject` of policies in CEL shows them; others are null there. */
  readonly namespaces?: ReadonlyMap<string, JsonObject>;
  /** By the name of a rule as written: variables set whenever a context of that rule or of its autogen rules is loaded. */
  readonly rules: ReadonlyMap<string, JsonObject>;
}

/** Whether the caller brings variables of its own, which may hide those of the request. */
export function addsVariables({ variables, standIns }: EvaluationRequest): boolean {
  return variables !== undefined || (standIns !== undefined && standIns.rules.size > 0);
}

/** What the request is about, as results and reports name it. */
export function toResourceRef(request: EvaluationRequest): ResourceRef {
  const { group, version, kind } = request.kind;
  const uid = uidOf(request.resource ?? request.oldResource);
  const apiVersion = group ? `${group}/${version}` : version;
  const { name } = request;
  // The API server names a Namespace as its own namespace; the object has none.
  const namespace = kind === 'Namespace' && group === '' ? '' : request.namespace;
  return typeof uid === 'string' && uid !== ''
    ? { apiVersion, kind, namespace, name, uid }
    : { apiVersion, kind, namespace, name };
}

/** Read plainly: no object inherits members of these names. */
function uidOf(object: JsonObject | undefined): Json | undefined {
  const metadata = object?.['metadata'];
  return isJsonObject(metadata) ? metadata['uid'] : undefined;
}

interface KnownShape {
  readonly kind: GroupVersionKind;
  readonly plural: string;
  readonly subresource: string;
  readonly operation: Operation;
  readonly phase: string;
  readonly shape: string;
}

/** Requests of one shape mostly come in a row: the same text again is found quicker wherever it is a key. */
let lastShape: KnownShape | undefined;

/** Equal for requests of one operation, kind and subresource: what most rules match by, so that it is judged once. */
export function toShape({ kind, plural = '', subresource, operation }: EvaluationRequest, phase: string): string {
  if (
    lastShape !== undefined &&
    lastShape.kind.kind === kind.kind &&
    lastShape.kind.group === kind.group &&
    lastShape.kind.version === kind.version &&
    lastShape.plural === plural &&
    lastShape.subresource === subresource &&
    lastShape.operation === operation &&
    lastShape.phase === phase
  ) {
    return lastShape.shape;
  }
  const shape = `${phase}|${kind.kind}|${kind.group}|${kind.version}|${plural}|${subresource}|${operation}`;
  const { group, version } = kind;
  lastShape = { kind: { group, version, kind: kind.kind }, plural, subresource, operation, phase, shape };
  return shape;
}

/** The request with `resource` as its new object, in expressions too: what the next phase or policy sees. */
export function withResource(request: EvaluationRequest, resource: JsonObject): EvaluationRequest {
  if (request.resource === resource) return request;
  const admission = request.admission && withMember(request.admission, 'object', resource);
  return { ...request, resource, admission };
}

/** The same after a mutation: what was asked for stays known. */
export function withMutation(request: EvaluationRequest, resource: JsonObject): EvaluationRequest {
  const original = request.original ?? request.resource;
  return { ...withResource(request, resource), ...(original === undefined ? {} : { original }) };
}
