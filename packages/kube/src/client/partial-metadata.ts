/** The Accept header that asks for metadata alone, with a fall-back to the whole. */
export function partialMetadataAccept(kind: 'PartialObjectMetadata' | 'PartialObjectMetadataList'): string {
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}
