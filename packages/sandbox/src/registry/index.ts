/** `@vouchsafe/sandbox/registry`: an OCI registry in the process. Loads nothing else. */
export { type ContentStore, digestOf, type StoredManifest } from './content-store.ts';
export { type ImageContent, type Platform, type PushedImage, pushImage } from './push-image.ts';
export type { RegistryAuth } from './registry-auth.ts';
export {
  EVERY_REPOSITORY,
  type RegistryFault,
  type RegistryFaultEffect,
  type RegistryRequestKind,
} from './registry-fault.ts';
export type { RegistryRequest } from './request-log.ts';
export { type Registry, type RegistryOptions, startRegistry } from './start-registry.ts';
