import { arrayMember, type JsonValue, member, memberAt, stringMember } from '../json/json-value.ts';
import { type CellPrinter, type CellReader, withMore } from './cell-reader.ts';
import { formatLabels, formatSelector } from './selector-text.ts';

/** Rows of services and what routes to and from them. */
export const NETWORK_CELLS: Readonly<Record<string, CellPrinter>> = {
  services: (service) => [
    service.name,
    service.text('spec.type'),
    String(service.list('spec.clusterIPs')[0] ?? '<none>'),
    externalIp(service),
    service.list('spec.ports').map(portText).join(',') || '<none>',
    service.age,
    formatLabels(service.value('spec.selector')),
  ],
  endpoints: (endpoints) => [
    endpoints.name,
    withMore(endpoints.list('subsets').flatMap(subsetAddresses), 3, '<none>'),
    endpoints.age,
  ],
  'endpointslices.discovery.k8s.io': (slice) => [
    slice.name,
    slice.text('addressType'),
    withMore(
      slice.list('ports').map((port) => String(member(port, 'port') ?? member(port, 'name') ?? '*')),
      3,
      '<unset>',
    ),
    withMore(
      slice.list('endpoints').flatMap((endpoint) => arrayMember(endpoint, 'addresses').map(String)),
      3,
      '<unset>',
    ),
    slice.age,
  ],
  'ingresses.networking.k8s.io': (ingress) => [
    ingress.name,
    ingress.text('spec.ingressClassName', '<none>'),
    hostsText(ingress.list('spec.rules')),
    balancerAddresses(ingress).join(','),
    ingress.list('spec.tls').length > 0 ? '80, 443' : '80',
    ingress.age,
  ],
  'ingressclasses.networking.k8s.io': (ingressClass) => [
    `${ingressClass.name}${hasAnnotation(ingressClass, 'ingressclass.kubernetes.io/is-default-class') ? ' (default)' : ''}`,
    ingressClass.text('spec.controller'),
    parametersText(ingressClass.value('spec.parameters')),
    ingressClass.age,
  ],
  'networkpolicies.networking.k8s.io': (policy) => [
    policy.name,
    formatSelector(policy.value('spec.podSelector')),
    policy.age,
  ],
  'servicecidrs.networking.k8s.io': (cidr) => [cidr.name, cidr.list('spec.cidrs').join(','), cidr.age],
  'ipaddresses.networking.k8s.io': (address) => [address.name, parentText(address)],
};

/** Whether an annotation is set to `true`. */
export function hasAnnotation(reader: CellReader, key: string): boolean {
  return member(reader.value('metadata.annotations'), key) === 'true';
}

function portText(port: JsonValue): string {
  const nodePort = member(port, 'nodePort') ?? 0;
  const middle = typeof nodePort === 'number' && nodePort > 0 ? `:${nodePort}` : '';
  return `${member(port, 'port') ?? 0}${middle}/${stringMember(port, 'protocol')}`;
}

function externalIp(service: CellReader): string {
  const given = service.list('spec.externalIPs').map(String);
  switch (service.text('spec.type')) {
    case 'ClusterIP':
    case 'NodePort':
      return given.join(',') || '<none>';
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...given].join(',') || '<pending>';
    case 'ExternalName':
      return service.text('spec.externalName');
    default:
      return '<unknown>';
  }
}

function balancerAddresses(reader: CellReader): string[] {
  const addresses = reader
    .list('status.loadBalancer.ingress')
    .map((ingress) => stringMember(ingress, 'ip') || stringMember(ingress, 'hostname'))
    .filter((address) => address !== '');
  return [...new Set(addresses)].sort();
}

function subsetAddresses(subset: JsonValue): string[] {
  const addresses = arrayMember(subset, 'addresses').map((address) => stringMember(address, 'ip'));
  const ports = arrayMember(subset, 'ports');
  if (ports.length === 0) return addresses;
  return ports.flatMap((port) =>
    addresses.map((ip) => `${ip.includes(':') ? `[${ip}]` : ip}:${member(port, 'port') ?? 0}`),
  );
}

function hostsText(rules: readonly JsonValue[]): string {
  const hosts = rules
    .slice(0, 3)
    .map((rule) => stringMember(rule, 'host'))
    .filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  return rules.length > 3 ? `${hosts.join(',')} + ${rules.length - 3} more...` : hosts.join(',');
}

function parametersText(parameters: JsonValue | undefined): string {
  if (parameters === undefined || parameters === null) return '<none>';
  const group = stringMember(parameters, 'apiGroup');
  return `${stringMember(parameters, 'kind')}${group === '' ? '' : `.${group}`}/${stringMember(parameters, 'name')}`;
}

function parentText(address: CellReader): string {
  const parent = memberAt(address.object, 'spec', 'parentRef');
  const group = stringMember(parent, 'group');
  const namespace = stringMember(parent, 'namespace');
  const resource = `${stringMember(parent, 'resource')}${group === '' ? '' : `.${group}`}`;
  return `${resource}/${namespace === '' ? '' : `${namespace}/`}${stringMember(parent, 'name')}`;
}
