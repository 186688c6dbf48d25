import { randomUUID } from 'node:crypto';
import type { AdmissionAttributes } from '../../api/admission-port.ts';
import { userInfoJson } from '../../api/user-info.ts';
import type { JsonObject } from '../../store/json-value.ts';
import type { WebhookView } from './match-webhook.ts';

/** An AdmissionReview to send, with the uid its answer must repeat. */
export interface OutgoingReview {
  readonly uid: string;
  readonly review: JsonObject;
}

/** Builds the review a webhook gets: members in the real server's order, absent ones left out. */
export function createReview(
  attributes: AdmissionAttributes,
  view: WebhookView,
  object: JsonObject | undefined,
  version: 'v1' | 'v1beta1',
): OutgoingReview {
  const { definition, kind, subresource, name, namespace, operation, user, dryRun, options, oldObject } = attributes;
  const uid = randomUUID();
  const request: JsonObject = {
    uid,
    kind: { group: view.kind.group, version: view.kind.version, kind: view.kind.kind },
    resource: {
      group: view.definition.group,
      version: view.definition.version,
      resource: view.definition.plural,
    },
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: { group: kind.group, version: kind.version, kind: kind.kind },
    requestResource: { group: definition.group, version: definition.version, resource: definition.plural },
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...namespaceMember(definition.storage, namespace, name),
    operation,
    userInfo: userInfoJson(user),
    object: object === undefined ? null : view.toView(object),
    oldObject: oldObject === undefined ? null : view.toView(oldObject),
    dryRun,
    options: Object.keys(options).length === 0 ? null : options,
  };
  return { uid, review: { kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request } };
}

/** A Namespace counts as being in itself. */
function namespaceMember(storage: string, namespace: string, name: string): JsonObject {
  const shown = storage === 'namespaces' ? name : namespace;
  return shown === '' ? {} : { namespace: shown };
}
