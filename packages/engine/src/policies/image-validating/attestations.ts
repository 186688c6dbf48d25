import type { JsonObject } from '../../kernel/json.ts';
import { defineMember, type Json } from '../../kernel/json.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';

/** One entry of `spec.attestations`. */
export interface Attestation {
  readonly name: string;
  /** In-toto statements signed as cosign does, or other artifacts that refer to the image, signed for the Notary Project. */
  readonly form: 'intoto' | 'referrer';
  /** Predicate type or artifact type. */
  readonly type: string;
}

export interface PolicyAttestations {
  readonly byName: ReadonlyMap<string, Attestation>;
  /** The variable `attestations`: each name by itself. */
  readonly variable: JsonObject;
}

export function readAttestations(spec: JsonObject): PolicyAttestations {
  const byName = new Map<string, Attestation>();
  const variable: Record<string, Json> = {};
  for (const item of readObjects(spec, 'attestations')) {
    const name = readText(item, 'name') ?? '';
    const intoto = readText(readObject(item, 'intoto'), 'type');
    const type = intoto ?? readText(readObject(item, 'referrer'), 'type') ?? '';
    byName.set(name, { name, form: intoto === undefined ? 'referrer' : 'intoto', type });
    defineMember(variable, name, name);
  }
  return { byName, variable };
}
