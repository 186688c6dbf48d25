/**
 * Writes the schemas that `load` checks policies against, from the CRDs of Kyverno and the types of Kubernetes:
 *   node tools/make-policy-schema.ts <folder with kyverno.io_*.json> <types.json of Kubernetes>
 * Equal subtrees are stored once. A node is `{t, p, r, i, a, e, min, max, len, not, one, any}`: type, properties,
 * required, items, additional properties, enum, bounds, longest text, forbidden together, exactly one of, free form.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface CrdSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly required?: readonly string[];
  readonly items?: CrdSchema;
  readonly additionalProperties?: CrdSchema | boolean;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly oneOf?: readonly { readonly required?: readonly string[] }[];
  readonly not?: { readonly required?: readonly string[] };
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'o',
  array: 'l',
  string: 's',
  boolean: 'b',
  integer: 'i',
  number: 'n',
};

const FAMILIES = ['validating', 'mutating', 'generating', 'deleting', 'imagevalidating'];
const FILES = [
  'kyverno.io_clusterpolicies.json',
  'kyverno.io_policies.json',
  'kyverno.io_policyexceptions.json',
  'kyverno.io_cleanuppolicies.json',
  'kyverno.io_clustercleanuppolicies.json',
  ...FAMILIES.map((family) => `policies.kyverno.io_${family}policies.json`),
  ...FAMILIES.map((family) => `policies.kyverno.io_namespaced${family}policies.json`),
  'policies.kyverno.io_policyexceptions.json',
];

function compact(schema: CrdSchema): Record<string, unknown> {
  const node: Record<string, unknown> = {};
  const type = schema.type && TYPES[schema.type];
  if (type) node['t'] = type;
  if (schema.properties) {
    node['p'] = Object.fromEntries(Object.entries(schema.properties).map(([key, value]) => [key, compact(value)]));
  }
  if (schema.required) node['r'] = schema.required;
  if (schema.items) node['i'] = compact(schema.items);
  if (typeof schema.additionalProperties === 'object') node['a'] = compact(schema.additionalProperties);
  if (schema.enum) node['e'] = schema.enum;
  if (schema.minimum !== undefined) node['min'] = schema.minimum;
  if (schema.maximum !== undefined) node['max'] = schema.maximum;
  if (schema.maxLength !== undefined) node['len'] = schema.maxLength;
  if (schema.not?.required) node['not'] = schema.not.required;
  if (schema.oneOf) node['one'] = schema.oneOf.flatMap(({ required }) => required ?? []);
  if (schema['x-kubernetes-preserve-unknown-fields']) node['any'] = true;
  return node;
}

/** Replaces subtrees that occur more than once by their index among the definitions. */
function share(roots: Readonly<Record<string, unknown>>): { defs: unknown[]; roots: Record<string, unknown> } {
  const uses = new Map<string, number>();
  const count = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const text = JSON.stringify(value);
    const known = uses.get(text) ?? 0;
    uses.set(text, known + 1);
    if (known === 0) for (const item of Object.values(value)) count(item);
  };
  for (const root of Object.values(roots)) count(root);
  const defs: unknown[] = [];
  const places = new Map<string, number>();
  const rewrite = (value: unknown, isNode: boolean): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const text = JSON.stringify(value);
    const known = places.get(text);
    if (known !== undefined) return known;
    const built: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const isMap = isNode && key === 'p';
      const isChild = !isNode || key === 'i' || key === 'a';
      built[key] = isMap ? rewriteMap(item) : isChild ? rewrite(item, true) : item;
    }
    if ((uses.get(text) ?? 0) < 2 || text.length < 24) return built;
    defs.push(built);
    places.set(text, defs.length - 1);
    return defs.length - 1;
  };
  const rewriteMap = (map: unknown): unknown =>
    Object.fromEntries(Object.entries(map as Record<string, unknown>).map(([key, item]) => [key, rewrite(item, true)]));
  return {
    defs,
    roots: Object.fromEntries(Object.entries(roots).map(([key, root]) => [key, rewrite(root, true)])),
  };
}

/** By `group.version.Kind`: the fields of a type as `#type`, `[]item`, `{}value` or a scalar. */
type KubernetesTypes = Readonly<Record<string, { readonly f?: Readonly<Record<string, string>> }>>;

const SCALARS: Readonly<Record<string, string>> = { string: 's', boolean: 'b', integer: 'i', number: 'n' };

function fromKubernetes(type: string, types: KubernetesTypes): Record<string, unknown> {
  if (type.startsWith('[]')) return { t: 'l', i: fromKubernetes(type.slice(2), types) };
  if (type.startsWith('{}')) return { t: 'o', a: fromKubernetes(type.slice(2), types) };
  const scalar = SCALARS[type];
  if (scalar) return { t: scalar };
  // What is written about objects in general is the API server's affair.
  const fields = type === '#meta.v1.ObjectMeta' ? undefined : types[type.slice(1)]?.f;
  if (!fields) return type.startsWith('#') ? { t: 'o', any: true } : { any: true };
  const properties = Object.entries(fields).map(([name, field]) => [name, fromKubernetes(field, types)]);
  return { t: 'o', p: Object.fromEntries(properties) };
}

const ADMISSION = 'admissionregistration';
const ADMISSION_KINDS: Readonly<Record<string, readonly string[]>> = {
  ValidatingAdmissionPolicy: ['v1'],
  ValidatingAdmissionPolicyBinding: ['v1'],
  MutatingAdmissionPolicy: ['v1', 'v1beta1', 'v1alpha1'],
  MutatingAdmissionPolicyBinding: ['v1', 'v1beta1', 'v1alpha1'],
};

const [folder, typesFile] = process.argv.slice(2);
if (!folder || !typesFile) throw new Error('usage: make-policy-schema.ts <folder with CRDs as JSON> <types.json>');
const roots: Record<string, unknown> = {};
for (const file of FILES) {
  const crd = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  for (const version of crd.spec.versions) {
    const schema: CrdSchema = version.schema.openAPIV3Schema;
    // The status is Kyverno's own; nobody loads it.
    const properties = { ...schema.properties, status: { 'x-kubernetes-preserve-unknown-fields': true } };
    roots[`${crd.spec.group}/${version.name}/${crd.spec.names.kind}`] = compact({ ...schema, properties });
  }
}
const types = JSON.parse(readFileSync(typesFile, 'utf8')) as KubernetesTypes;
for (const [kind, versions] of Object.entries(ADMISSION_KINDS)) {
  for (const version of versions) {
    const schema = fromKubernetes(`#${ADMISSION}.${version}.${kind}`, types);
    const properties = schema['p'] as Record<string, unknown>; // every kind has fields
    roots[`${ADMISSION}.k8s.io/${version}/${kind}`] = { ...schema, p: { ...properties, status: { any: true } } };
  }
}
const target = join(import.meta.dirname, '../packages/engine/src/load/schema/policy-schemas.json');
writeFileSync(target, `${JSON.stringify(share(roots))}\n`);
