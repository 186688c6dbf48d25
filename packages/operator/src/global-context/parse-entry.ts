import { compileJmesPath, isJmesPathDiagnostic, type JmesPathExpression, toCallRequest } from '@vouchsafe/engine';
import type { ApiCallRequest, ServiceCallRequest } from '@vouchsafe/engine/facts';
import {
  type Diagnostic,
  EvaluationError,
  isJsonObject,
  type Json,
  type JsonObject,
  memberAt,
  parseDuration,
} from '@vouchsafe/engine/kernel';
import type { GroupVersionResource } from '@vouchsafe/kube';
import { NODE_HOST } from '../facts/node-host.ts';

/** A GlobalContextEntry, read (kyverno-core §1.5). */
export interface GlobalEntry {
  readonly name: string;
  readonly source: ResourceSource | CallSource;
  readonly projections: readonly Projection[];
}

export interface ResourceSource {
  readonly kind: 'resource';
  readonly gvr: GroupVersionResource;
  /** All when absent. */
  readonly namespace: string | undefined;
}

export interface CallSource {
  readonly kind: 'call';
  readonly request: ApiCallRequest | ServiceCallRequest;
  readonly refreshMs: number;
  /** How often one refresh tries at most. */
  readonly attempts: number;
}

export interface Projection {
  readonly name: string;
  readonly expression: JmesPathExpression;
}

export interface ParsedEntry {
  /** Absent when a diagnostic is an error. */
  readonly entry: GlobalEntry | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const REFRESH_MS = 600_000;
const ATTEMPTS = 3;
/** Milliseconds; who asks for more often gets this. */
const LEAST_REFRESH_MS = 1_000;
/** What a timer of Node can wait for. */
const MOST_REFRESH_MS = 2 ** 31 - 1;
const MOST_ATTEMPTS = 10;
const EITHER = 'A global context entry should either have KubernetesResource or APICall';

/** Reads the object as it is submitted and as it is stored; every problem at once, in Kyverno's words. */
export function parseEntry(document: JsonObject): ParsedEntry {
  const problems: Diagnostic[] = [];
  const refuse: Refuse = (path, message) =>
    problems.push({ code: 'policy-invalid-value', severity: 'error', path, message });
  const name = textAt(document, 'metadata', 'name');
  const resource = memberAt(document, 'spec', 'kubernetesResource');
  const call = memberAt(document, 'spec', 'apiCall');
  const isResource = isJsonObject(resource);
  const isCall = isJsonObject(call);
  if (isResource === isCall) refuse('spec.kubernetesResource', `Forbidden: ${EITHER}`);
  const source = isResource ? readResource(resource, refuse) : isCall ? readCall(call, name, refuse) : undefined;
  const projections = listAt(document, 'spec', 'projections').flatMap((given, index) =>
    readProjection(given, `spec.projections[${index}]`, name, refuse),
  );
  if (problems.length > 0 || !source) return { entry: undefined, diagnostics: problems };
  return { entry: { name, source, projections }, diagnostics: [] };
}

type Refuse = (path: string, message: string) => void;

function readResource(given: JsonObject, refuse: Refuse): ResourceSource {
  const path = 'spec.kubernetesResource';
  const [group, version, resource, namespace] = ['group', 'version', 'resource', 'namespace'].map((key) =>
    textAt(given, key),
  ) as [string, string, string, string]; // as many as there are keys
  if (group === '' && version !== 'v1') refuse(`${path}.group`, 'Required value: A Resource entry requires a group');
  if (version === '') refuse(`${path}.version`, 'Required value: A Resource entry requires a version');
  if (resource === '') refuse(`${path}.resource`, 'Required value: A Resource entry requires a resource');
  return { kind: 'resource', gvr: { group, version, resource }, namespace: namespace || undefined };
}

function readCall(given: JsonObject, name: string, refuse: Refuse): CallSource | undefined {
  const path = 'spec.apiCall';
  const hasService = isJsonObject(memberAt(given, 'service'));
  if (hasService === (textAt(given, 'urlPath') !== '')) {
    refuse(`${path}.service`, 'Forbidden: An External API call should either have Service or URLPath');
  }
  if ((memberAt(given, 'data') ?? null) !== null && textAt(given, 'method') !== 'POST') {
    refuse(`${path}.method`, 'Forbidden: An External API call with data should have method as POST');
  }
  const request = toCallRequest(given, name);
  if (request instanceof EvaluationError) {
    refuse(path, request.message);
    return undefined;
  }
  const retryLimit = memberAt(given, 'retryLimit');
  const attempts = typeof retryLimit === 'number' ? Math.min(Math.max(retryLimit, 1), MOST_ATTEMPTS) : ATTEMPTS;
  return { kind: 'call', request, refreshMs: readRefresh(given, refuse), attempts };
}

function readRefresh(given: JsonObject, refuse: Refuse): number {
  const path = 'spec.apiCall.refreshInterval';
  const text = textAt(given, 'refreshInterval');
  if (text === '') return REFRESH_MS;
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined) {
    refuse(path, `Invalid value: \`${text}\` is no duration`);
  } else if (nanoseconds <= 0n) {
    refuse(path, 'Required value: A Resource entry requires a refresh interval greater than 0 seconds');
  } else {
    return Math.min(Math.max(Number(nanoseconds / 1_000_000n), LEAST_REFRESH_MS), MOST_REFRESH_MS);
  }
  return REFRESH_MS;
}

function readProjection(given: Json, path: string, entry: string, refuse: Refuse): readonly Projection[] {
  const [name, text] = [textAt(given, 'name'), textAt(given, 'jmesPath')];
  if (name === '') refuse(`${path}.name`, 'Required value: A projection entry requires a name');
  if (name !== '' && name === entry) {
    const reason = 'A projection entry requires a name different from the global context entry name';
    refuse(`${path}.name`, `Required value: ${reason}`);
  }
  if (text === '') {
    refuse(`${path}.jmesPath`, 'Required value: A projection entry requires a JMESPath');
    return [];
  }
  const expression = compileJmesPath(text, NODE_HOST);
  if (!isJmesPathDiagnostic(expression)) return [{ name, expression }];
  refuse(`${path}.jmesPath`, `Invalid value: \`${text}\`: ${expression.reason}`);
  return [];
}

function textAt(document: Json | undefined, ...path: readonly string[]): string {
  const value = memberAt(document, ...path);
  return typeof value === 'string' ? value : '';
}

function listAt(document: JsonObject, ...path: readonly string[]): readonly Json[] {
  const value = memberAt(document, ...path);
  return Array.isArray(value) ? value : [];
}
