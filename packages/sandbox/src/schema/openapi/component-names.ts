import { apiVersionOf, type GroupVersionKind } from '../model/group-version-kind.ts';

const PREFIXES: readonly (readonly [start: string, prefix: string])[] = [
  ['meta.', 'io.k8s.apimachinery.pkg.apis.'],
  ['api.resource.', 'io.k8s.apimachinery.pkg.'],
  ['runtime.', 'io.k8s.apimachinery.pkg.'],
  ['util.intstr.', 'io.k8s.apimachinery.pkg.'],
  ['version.', 'io.k8s.apimachinery.pkg.'],
  ['apiextensions.', 'io.k8s.apiextensions-apiserver.pkg.apis.'],
  ['apiregistration.', 'io.k8s.kube-aggregator.pkg.apis.'],
];

/** Published name of a built-in type: `core.v1.Pod` → `io.k8s.api.core.v1.Pod`. */
export function componentName(typeName: string): string {
  const found = PREFIXES.find(([start]) => typeName.startsWith(start));
  return `${found === undefined ? 'io.k8s.api.' : found[1]}${typeName}`;
}

/** Published name of a custom resource: `example.com/v1, Widget` → `com.example.v1.Widget`. */
export function customComponentName({ group, version, kind }: GroupVersionKind): string {
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
}

export function componentRef(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** `api/v1` or `apis/apps/v1`. */
export function documentPath(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? `api/${gv.version}` : `apis/${apiVersionOf(gv)}`;
}
