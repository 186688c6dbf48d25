import type { FactRequest } from '@vouchsafe/engine/facts';
import type { ImageSource } from './image-source.ts';

/** Every question as if its rule said `allowInsecureRegistry`. */
export function withInsecureRegistries(source: ImageSource): ImageSource {
  const insecure = (request: FactRequest): FactRequest =>
    'access' in request ? { ...request, access: { ...request.access, allowInsecure: true } } : request;
  return {
    ...source,
    known: (request) => source.known?.(insecure(request)),
    fetch: (requests, signal) => source.fetch(requests.map(insecure), signal),
  };
}
