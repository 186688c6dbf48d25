import type { KubernetesObject } from '../model/kubernetes-object.ts';

/** Drops `metadata.managedFields`, often the largest part of an object and of no use to most readers. */
export function stripManagedFields(object: KubernetesObject): KubernetesObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** apiVersion, kind and metadata; for servers that ignore the request for metadata alone. */
export function keepMetadataOnly({ apiVersion, kind, metadata }: KubernetesObject): KubernetesObject {
  return { apiVersion, kind, metadata };
}
