import type { JsonObject } from '../../kernel/json.ts';
import { defineMember, type Json } from '../../kernel/json.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';

/** One entry of `spec.attestations`. */
export interface Attestation {
  readonly name: string;
  /** In-toto statements signed as cosign does, or other artifacts that refer to the image, signed for the Notary Project. */
  readonly form: 'intoto' | 'referrer';
  /** Predicate type, whole, or artifact type. */
  readonly type: string;
}

export interface PolicyAttestations {
  readonly byName: ReadonlyMap<string, Attestation>;
  /** The variable `attestations`: each name by itself. */
  readonly variable: JsonObject;
}

/** What cosign's `--type` takes, and so Kyverno, in place of a predicate type. */
const SHORT_TYPES: ReadonlyMap<string, string> = new Map([
  ['custom', 'https://cosign.sigstore.dev/attestation/v1'],
  ['slsaprovenance', 'https://slsa.dev/provenance/v0.2'],
  ['slsaprovenance02', 'https://slsa.dev/provenance/v0.2'],
  ['slsaprovenance1', 'https://slsa.dev/provenance/v1'],
  ['spdx', 'https://spdx.dev/Document'],
  ['spdxjson', 'https://spdx.dev/Document'],
  ['cyclonedx', 'https://cyclonedx.org/bom'],
  ['link', 'https://in-toto.io/Link/v1'],
  ['vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1'],
  ['openvex', 'https://openvex.dev/ns'],
]);

export function readAttestations(spec: JsonObject): PolicyAttestations {
  const byName = new Map<string, Attestation>();
  const variable: Record<string, Json> = {};
  for (const item of readObjects(spec, 'attestations')) {
    const name = readText(item, 'name') ?? '';
    const intoto = readText(readObject(item, 'intoto'), 'type');
    const written = intoto ?? readText(readObject(item, 'referrer'), 'type') ?? '';
    const type = intoto === undefined ? written : (SHORT_TYPES.get(written) ?? written);
    byName.set(name, { name, form: intoto === undefined ? 'referrer' : 'intoto', type });
    defineMember(variable, name, name);
  }
  return { byName, variable };
}
