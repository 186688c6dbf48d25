import type { FieldTerm } from '../store/field-selector.ts';
import { parseFieldSelector } from '../store/field-selector.ts';
import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { valueAtPath } from '../store/json-value.ts';
import { labelsOf, parseLabelSelector } from '../store/label-selector.ts';
import type { StoredObject } from '../store/resource-store.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { FieldCause } from './status-error.ts';
import { badRequest, forbiddenField, invalid, StatusError } from './status-error.ts';

/** Checked `ListOptions`. */
export interface ListOptions {
  /** Undefined when nothing is filtered. */
  readonly selects: ((stored: StoredObject) => boolean) | undefined;
  readonly limit: number;
  readonly continueToken: string;
  /** Undefined when unset. */
  readonly resourceVersion: number | undefined;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean;
}

const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'pods',
    [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
    ],
  ],
  [
    'events',
    [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  ],
  ['namespaces', ['status.phase', 'name']],
  ['secrets', ['type']],
  ['nodes', ['spec.unschedulable']],
  ['services', ['spec.clusterIP', 'spec.type']],
  ['replicationcontrollers', ['status.replicas']],
  ['replicasets.apps', ['status.replicas']],
  ['jobs.batch', ['status.successful']],
  ['certificatesigningrequests.certificates.k8s.io', ['spec.signerName']],
]);

/** Reads and checks the options of a list or watch; throws with the server's texts. */
export function parseListOptions(definition: ResourceDefinition, query: URLSearchParams, watch: boolean): ListOptions {
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const sendInitialEvents = isTrue(query.get('sendInitialEvents'));
  const terms = fieldTerms(definition, query.get('fieldSelector') ?? '');
  const labels = labelPredicate(query.get('labelSelector') ?? '');
  const causes = matchCauses(
    watch,
    query.get('sendInitialEvents'),
    resourceVersion,
    match,
    query.get('continue') ?? '',
  );
  if (causes.length > 0) {
    throw invalid('ListOptions', 'meta.k8s.io', '', causes);
  }
  const fields = terms.length === 0 ? undefined : (stored: StoredObject) => matchesFields(definition, terms, stored);
  return {
    selects: both(labels, fields),
    limit: Math.max(0, Number(query.get('limit') ?? 0) || 0),
    continueToken: query.get('continue') ?? '',
    resourceVersion: parseResourceVersion(resourceVersion),
    resourceVersionMatch: match,
    timeoutSeconds: Number(query.get('timeoutSeconds') ?? 0) || undefined,
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents,
  };
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1' || text === 't' || text === 'True' || text === 'TRUE';
}

function both(
  left: ((stored: StoredObject) => boolean) | undefined,
  right: ((stored: StoredObject) => boolean) | undefined,
): ((stored: StoredObject) => boolean) | undefined {
  if (left === undefined || right === undefined) {
    return left ?? right;
  }
  return (stored) => left(stored) && right(stored);
}

function parseResourceVersion(text: string): number | undefined {
  if (text === '') {
    return undefined;
  }
  if (!/^\d{1,15}$/.test(text)) {
    throw new StatusError({
      code: 500,
      message: `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    });
  }
  return Number(text);
}

function matchCauses(
  watch: boolean,
  sendInitialEvents: string | null,
  resourceVersion: string,
  match: string,
  token: string,
): FieldCause[] {
  if (!watch && sendInitialEvents !== null) {
    return [forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')];
  }
  if (watch) {
    if (sendInitialEvents !== null && match !== 'NotOlderThan') {
      return [
        forbiddenField(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      ];
    }
    return match !== '' && sendInitialEvents === null
      ? [
          forbiddenField(
            'resourceVersionMatch',
            'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
          ),
        ]
      : [];
  }
  if (match === '') {
    return [];
  }
  if (resourceVersion === '') {
    return [
      forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    ];
  }
  return token === ''
    ? []
    : [forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')];
}

function labelPredicate(text: string): ((stored: StoredObject) => boolean) | undefined {
  const parsed = parseLabelSelector(text);
  if (!parsed.ok) {
    throw badRequest(parsed.message);
  }
  const { selector } = parsed;
  return selector.everything ? undefined : (stored) => selector.matches(labelsOf(stored.object));
}

function fieldTerms(definition: ResourceDefinition, text: string): readonly FieldTerm[] {
  const parsed = parseFieldSelector(text);
  if (!parsed.ok) {
    throw badRequest(parsed.message);
  }
  for (const { field } of parsed.selector) {
    if (!isSupported(definition, field)) {
      throw badRequest(unsupportedText(definition, field));
    }
  }
  return parsed.selector;
}

function isSupported(definition: ResourceDefinition, field: string): boolean {
  if (field === 'metadata.name' || field === 'metadata.namespace') {
    return true;
  }
  return definition.custom === undefined
    ? (FIELDS.get(definition.storage)?.includes(field) ?? false)
    : definition.custom.selectableFields.includes(`.${field}`);
}

function unsupportedText(definition: ResourceDefinition, field: string): string {
  return definition.custom !== undefined || FIELDS.has(definition.storage)
    ? `field label not supported: ${field}`
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function matchesFields(definition: ResourceDefinition, terms: readonly FieldTerm[], stored: StoredObject): boolean {
  return terms.every(({ field, negated, value }) => (fieldText(definition, field, stored) === value) !== negated);
}

function fieldText(definition: ResourceDefinition, field: string, { namespace, name, object }: StoredObject): string {
  switch (field) {
    case 'metadata.name':
    case 'name':
      return name;
    case 'metadata.namespace':
      return namespace;
    case 'source':
      return printed(valueAtPath(object, ['source', 'component']));
    case 'status.successful':
      return printed(valueAtPath(object, ['status', 'succeeded'])) || '0';
    default: {
      const text = printed(valueAtPath(object, field.split('.')));
      const falseByDefault = field === 'spec.unschedulable' || field === 'spec.hostNetwork';
      return text === '' && falseByDefault && definition.custom === undefined ? 'false' : text;
    }
  }
}

function printed(value: JsonValue | undefined): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

/** Decoded `continue` token. */
export interface ContinueToken {
  readonly revision: number;
  /** First key of the next page. */
  readonly start: string;
}

/** Reads a token; throws 400 with the server's text. */
export function parseContinueToken(parseJson: (text: string) => { value: JsonValue }, token: string): ContinueToken {
  let value: JsonValue;
  try {
    value = parseJson(atob(toStandardBase64(token))).value;
  } catch (error) {
    const why = error instanceof StatusError ? error.message : 'illegal base64 data at input byte 0';
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : ({} as JsonObject);
  const start = fields['start'];
  const revision = fields['rv'];
  if (fields['v'] !== 'meta.k8s.io/v1' || typeof start !== 'string' || typeof revision !== 'number') {
    throw badRequest(
      'invalid continue token: continue key is not valid: server does not recognize this encoded version',
    );
  }
  return { revision, start };
}

function toStandardBase64(token: string): string {
  const standard = token.replaceAll('-', '+').replaceAll('_', '/');
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, '=');
}

/** The token of the page after `last`. */
export function continueToken(revision: number, last: string): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${last}\0` });
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
