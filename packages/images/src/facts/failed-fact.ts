import type { FactFailure } from '@vouchsafe/engine/facts';
import { RegistryFailure } from '../registry/registry-failure.ts';

/** A bug counts as a permanent failure: nothing is admitted on account of it. */
export function factOfFailure(error: unknown, what: string): FactFailure {
  if (error instanceof RegistryFailure) return { ok: false, class: error.class, message: error.message };
  const name = error instanceof Error ? error.name : 'unknown';
  return { ok: false, class: 'permanent', message: `${what}: internal error (${name})` };
}
