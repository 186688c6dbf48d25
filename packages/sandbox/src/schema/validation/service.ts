import { isCidr, isIpv4, isIpv6 } from '../custom/formats.ts';
import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import {
  duplicateCause,
  forbiddenCause,
  invalidCause,
  notSupportedCause,
  requiredCause,
} from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { named, oneOf, portOrName } from './field-rules.ts';
import { labelCauses, portNumberProblems } from './metadata.ts';
import { dns1123LabelProblems, dns1123SubdomainProblems, qualifiedNameProblems } from './name-syntax.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

/** Problems of a Service. */
export function validateService(service: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(service, 'spec');
  const ports = arrayMember(spec, 'ports');
  return [
    ...(old === undefined ? [] : clusterIpChanges(spec, member(old, 'spec'))),
    ...typeCauses(spec),
    ...portCauses(ports),
    ...labelCauses(member(spec, 'selector'), 'spec.selector'),
    ...oneOf('spec.sessionAffinity', member(spec, 'sessionAffinity'), ['ClientIP', 'None']),
    ...addressCauses(spec),
    ...oneOf('spec.type', member(spec, 'type'), TYPES),
    ...nodePortCauses(spec, ports),
    ...duplicatePortCauses(ports),
    ...sourceRangeCauses(spec),
    ...trafficCauses(spec),
  ];
}

function isHeadless(spec: JsonValue | undefined): boolean {
  return arrayMember(spec, 'clusterIPs')[0] === 'None' || member(spec, 'clusterIP') === 'None';
}

function typeCauses(spec: JsonValue | undefined): StatusCause[] {
  const type = stringMember(spec, 'type');
  const causes: StatusCause[] = [];
  if (arrayMember(spec, 'ports').length === 0 && !isHeadless(spec) && type !== 'ExternalName') {
    causes.push(requiredCause('spec.ports'));
  }
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    causes.push(invalidCause('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  }
  if (type !== 'ExternalName') return causes;
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    const value = member(spec, field);
    const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
    if (isSet) causes.push(forbiddenCause(`spec.${field}`, 'may not be set for ExternalName services'));
  }
  const name = stringMember(spec, 'externalName').replace(/\.$/, '');
  if (name === '') return [...causes, requiredCause('spec.externalName')];
  return [...causes, ...named('spec.externalName', name, dns1123SubdomainProblems(name))];
}

function portCauses(ports: readonly JsonValue[]): StatusCause[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const causes: StatusCause[] = [];
    const name = stringMember(port, 'name');
    if (name === '' && ports.length > 1) causes.push(requiredCause(`${at}.name`));
    if (name !== '') {
      causes.push(...named(`${at}.name`, name, dns1123LabelProblems(name)));
      if (names.has(name)) causes.push(duplicateCause(`${at}.name`, name));
      names.add(name);
    }
    const number = member(port, 'port') ?? 0;
    if (typeof number === 'number') {
      causes.push(...portNumberProblems(number).map((problem) => invalidCause(`${at}.port`, number, problem)));
    }
    causes.push(...oneOf(`${at}.protocol`, member(port, 'protocol'), ['SCTP', 'TCP', 'UDP']));
    causes.push(...portOrName(`${at}.targetPort`, member(port, 'targetPort')));
    const application = stringMember(port, 'appProtocol');
    if (application !== '') causes.push(...named(`${at}.appProtocol`, application, qualifiedNameProblems(application)));
    return causes;
  });
}

function addressCauses(spec: JsonValue | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [index, address] of arrayMember(spec, 'clusterIPs').entries()) {
    if (typeof address !== 'string' || address === 'None' || address === '') continue;
    if (!isAddress(address)) causes.push(invalidCause(`spec.clusterIPs[${index}]`, address, ADDRESS_TEXT));
  }
  for (const [index, address] of arrayMember(spec, 'externalIPs').entries()) {
    if (typeof address === 'string' && !isAddress(address)) {
      causes.push(invalidCause(`spec.externalIPs[${index}]`, address, ADDRESS_TEXT));
    }
  }
  return causes;
}

const ADDRESS_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

function isAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function nodePortCauses(spec: JsonValue | undefined, ports: readonly JsonValue[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const isInternal = stringMember(spec, 'type') === 'ClusterIP';
  const taken = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const nodePort = member(port, 'nodePort') ?? 0;
    const at = `spec.ports[${index}].nodePort`;
    if (nodePort === 0) continue;
    if (isInternal) causes.push(forbiddenCause(at, "may not be used when `type` is 'ClusterIP'"));
    const key = `${stringMember(port, 'protocol')}/${nodePort}`;
    if (taken.has(key)) causes.push(duplicateCause(at, nodePort));
    taken.add(key);
  }
  return causes;
}

function duplicatePortCauses(ports: readonly JsonValue[]): StatusCause[] {
  const taken = new Set<string>();
  return ports.flatMap((port, index) => {
    const protocol = stringMember(port, 'protocol');
    const number = member(port, 'port') ?? 0;
    const key = `${protocol}/${number}`;
    const isTaken = taken.has(key);
    taken.add(key);
    if (!isTaken) return [];
    // The server prints the struct it keeps internally.
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: number, TargetPort: 0, NodePort: 0 };
    const message = `Duplicate value: ${JSON.stringify(shown)}`;
    return [{ ...duplicateCause(`spec.ports[${index}]`, ''), message }];
  });
}

function sourceRangeCauses(spec: JsonValue | undefined): StatusCause[] {
  const ranges = arrayMember(spec, 'loadBalancerSourceRanges');
  if (ranges.length === 0) return [];
  const path = 'spec.LoadBalancerSourceRanges';
  const causes: StatusCause[] = [];
  if (stringMember(spec, 'type') !== 'LoadBalancer') {
    causes.push(forbiddenCause(path, "may only be used when `type` is 'LoadBalancer'"));
  }
  for (const [index, range] of ranges.entries()) {
    const text = typeof range === 'string' ? range.trim() : '';
    if (isCidr(text)) continue;
    const detail = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
    causes.push(invalidCause(`${path}[${index}]`, text, detail));
  }
  return causes;
}

function trafficCauses(spec: JsonValue | undefined): StatusCause[] {
  const type = stringMember(spec, 'type');
  const external = stringMember(spec, 'externalTrafficPolicy');
  const internal = stringMember(spec, 'internalTrafficPolicy');
  const causes: StatusCause[] = [];
  const isBalanced = type === 'LoadBalancer';
  if (typeof member(spec, 'allocateLoadBalancerNodePorts') === 'boolean' && !isBalanced) {
    causes.push(forbiddenCause('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  }
  const isExternal = isBalanced || type === 'NodePort' || arrayMember(spec, 'externalIPs').length > 0;
  if (external !== '' && !isExternal) {
    const detail = 'may only be set for externally-accessible services';
    causes.push(invalidCause('spec.externalTrafficPolicy', external, detail));
  } else if (external !== '' && external !== 'Cluster' && external !== 'Local') {
    causes.push(notSupportedCause('spec.externalTrafficPolicy', external, ['Cluster', 'Local']));
  }
  if (internal !== '' && internal !== 'Cluster' && internal !== 'Local') {
    causes.push(notSupportedCause('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']));
  }
  return causes;
}

/** A cluster address, once given, stays. */
function clusterIpChanges(spec: JsonValue | undefined, old: JsonValue | undefined): StatusCause[] {
  const isNamed = [spec, old].some((side) => stringMember(side, 'type') === 'ExternalName');
  if (isNamed || !isJsonObject(old)) return [];
  const before = arrayMember(old, 'clusterIPs');
  const after = arrayMember(spec, 'clusterIPs');
  if (before.length === 0) return [];
  if (after.length === 0) return [invalidCause('spec.clusterIPs[0]', [...after], 'primary clusterIP can not be unset')];
  return before.flatMap((address, index) =>
    index < after.length && after[index] !== address
      ? [invalidCause(`spec.clusterIPs[${index}]`, [...after], 'may not change once set')]
      : [],
  );
}
