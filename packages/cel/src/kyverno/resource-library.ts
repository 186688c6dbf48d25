import type { Overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { type CelType, DYN, mapType, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { CelOpaque } from '../values/opaque.ts';
import { answered, bothSpellings, hostMember, toTexts } from './ask-host.ts';
import type { CelHost, GroupVersionResource, ResourceAddress } from './cel-host.ts';
import { contextValue } from './context-value.ts';

const RESOURCE = opaqueType('resource.Context');
const GVR = opaqueType('schema.GroupVersionResource');
const OBJECT = mapType(STRING, DYN);
const LABELS = mapType(STRING, STRING);

type GvrValue = CelOpaque<GroupVersionResource>;

function isSameGvr(a: GroupVersionResource, b: GroupVersionResource): boolean {
  return a.group === b.group && a.version === b.version && a.resource === b.resource;
}

function addressOf({ payload }: GvrValue, namespace: string): ResourceAddress {
  const { group, version, resource } = payload;
  return { apiVersion: group === '' ? version : `${group}/${version}`, resource, namespace };
}

function get(host: CelHost, address: ResourceAddress, name: string): CelResult {
  return answered('failed to get resource', host.getResource?.(address, name));
}

function list(host: CelHost, address: ResourceAddress, labels: CelValue): CelResult {
  return answered('failed to list resource', host.listResources?.(address, toTexts(labels)));
}

function post(host: CelHost, address: ResourceAddress, object: CelValue): CelResult {
  return answered('failed to create resource', host.postResource?.(address, object));
}

function toGvr(host: CelHost, _: unknown, apiVersion: string, kind: string): CelResult {
  const answer = host.toGroupVersionResource?.(apiVersion, kind);
  if (answer === undefined || answer instanceof CelError) return answered('failed to map kind to resource', answer);
  return new CelOpaque(GVR, answer, isSameGvr);
}

const NO_LABELS: CelValue = {};

/** The functions with a namespace argument, for policies of the cluster. */
function clusterOverloads(): Readonly<Record<'Get' | 'List' | 'Post', readonly Overload[]>> {
  const plain = (count: number): CelType[] => [RESOURCE, ...Array.from({ length: count }, () => STRING)];
  return {
    Get: [
      hostMember(
        'resource_get',
        plain(4),
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, namespace: string, name: string) =>
          get(host, { apiVersion, resource, namespace }, name),
      ),
      hostMember(
        'resource_get_gvr',
        [RESOURCE, GVR, STRING, STRING],
        OBJECT,
        (host, _: unknown, gvr: GvrValue, namespace: string, name: string) =>
          get(host, addressOf(gvr, namespace), name),
      ),
    ],
    List: [
      hostMember(
        'resource_list',
        plain(3),
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, namespace: string) =>
          list(host, { apiVersion, resource, namespace }, NO_LABELS),
      ),
      hostMember(
        'resource_list_labels',
        [...plain(3), LABELS],
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, namespace: string, labels: CelValue) =>
          list(host, { apiVersion, resource, namespace }, labels),
      ),
      hostMember(
        'resource_list_gvr',
        [RESOURCE, GVR, STRING],
        OBJECT,
        (host, _: unknown, gvr: GvrValue, namespace: string) => list(host, addressOf(gvr, namespace), NO_LABELS),
      ),
      hostMember(
        'resource_list_gvr_labels',
        [RESOURCE, GVR, STRING, LABELS],
        OBJECT,
        (host, _: unknown, gvr: GvrValue, namespace: string, labels: CelValue) =>
          list(host, addressOf(gvr, namespace), labels),
      ),
    ],
    Post: [
      hostMember(
        'resource_post_namespace',
        [...plain(3), OBJECT],
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, namespace: string, object: CelValue) =>
          post(host, { apiVersion, resource, namespace }, object),
      ),
      hostMember(
        'resource_post',
        [...plain(2), OBJECT],
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, object: CelValue) =>
          post(host, { apiVersion, resource, namespace: '' }, object),
      ),
    ],
  };
}

/** The functions without one: the policy's own namespace is meant. */
function namespacedOverloads(namespace: string): Readonly<Record<'Get' | 'List' | 'Post', readonly Overload[]>> {
  const plain = (count: number): CelType[] => [RESOURCE, ...Array.from({ length: count }, () => STRING)];
  return {
    Get: [
      hostMember(
        'resource_get',
        plain(3),
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, name: string) =>
          get(host, { apiVersion, resource, namespace }, name),
      ),
      hostMember('resource_get_gvr', [RESOURCE, GVR, STRING], OBJECT, (host, _: unknown, gvr: GvrValue, name: string) =>
        get(host, addressOf(gvr, namespace), name),
      ),
    ],
    List: [
      hostMember('resource_list', plain(2), OBJECT, (host, _: unknown, apiVersion: string, resource: string) =>
        list(host, { apiVersion, resource, namespace }, NO_LABELS),
      ),
      hostMember(
        'resource_list_labels',
        [...plain(2), LABELS],
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, labels: CelValue) =>
          list(host, { apiVersion, resource, namespace }, labels),
      ),
      hostMember('resource_list_gvr', [RESOURCE, GVR], OBJECT, (host, _: unknown, gvr: GvrValue) =>
        list(host, addressOf(gvr, namespace), NO_LABELS),
      ),
      hostMember(
        'resource_list_gvr_labels',
        [RESOURCE, GVR, LABELS],
        OBJECT,
        (host, _: unknown, gvr: GvrValue, labels: CelValue) => list(host, addressOf(gvr, namespace), labels),
      ),
    ],
    Post: [
      hostMember(
        'resource_post',
        [...plain(2), OBJECT],
        OBJECT,
        (host, _: unknown, apiVersion: string, resource: string, object: CelValue) =>
          post(host, { apiVersion, resource, namespace }, object),
      ),
    ],
  };
}

/** `resource.Get`, `List`, `Post` and `ToGVR`; in namespaced policies without a namespace to choose. */
export function resourceLibrary(policyNamespace: string | undefined): CelLibrary {
  const { Get, List, Post } = policyNamespace === undefined ? clusterOverloads() : namespacedOverloads(policyNamespace);
  return {
    name: 'kyverno.resource',
    variables: [{ name: 'resource', type: RESOURCE, value: contextValue(RESOURCE) }],
    functions: [
      ...bothSpellings('Get', ...Get),
      ...bothSpellings('List', ...List),
      ...bothSpellings('Post', ...Post),
      ...bothSpellings('ToGVR', hostMember('resource_to_gvr', [RESOURCE, STRING, STRING], GVR, toGvr)),
    ],
  };
}
