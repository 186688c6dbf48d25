import {
  arrayMember,
  cloneJson,
  isJsonObject,
  type JsonObject,
  member,
  setMember,
  stringMember,
} from '../json/json-value.ts';

/** Rules of every pod spec, in a pod or in a template. */
export function defaultPodSpec(spec: JsonObject): void {
  mirrorServiceAccount(spec);
}

/** Rules of pods alone, not of templates. */
export function defaultPod(pod: JsonObject): void {
  const spec = member(pod, 'spec');
  if (!isJsonObject(spec)) return;
  const links = member(spec, 'enableServiceLinks');
  if (links === undefined || links === null) setMember(spec, 'enableServiceLinks', true);
  for (const container of containersOf(spec)) {
    requestLimits(container);
    if (member(spec, 'hostNetwork') === true) defaultHostPorts(container);
  }
}

function containersOf(spec: JsonObject): JsonObject[] {
  return [...arrayMember(spec, 'initContainers'), ...arrayMember(spec, 'containers')].filter(isJsonObject);
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are printed. */
function mirrorServiceAccount(spec: JsonObject): void {
  const name = stringMember(spec, 'serviceAccountName') || stringMember(spec, 'serviceAccount');
  if (name === '') return;
  setMember(spec, 'serviceAccountName', name);
  setMember(spec, 'serviceAccount', name);
}

function defaultHostPorts(container: JsonObject): void {
  for (const port of arrayMember(container, 'ports')) {
    if (isJsonObject(port) && (member(port, 'hostPort') ?? 0) === 0) {
      setMember(port, 'hostPort', member(port, 'containerPort') ?? 0);
    }
  }
}

function requestLimits(container: JsonObject): void {
  const resources = member(container, 'resources');
  const limits = member(resources, 'limits');
  if (!isJsonObject(resources) || !isJsonObject(limits)) return;
  const existing = member(resources, 'requests');
  const requests = isJsonObject(existing) ? cloneJson(existing) : {};
  for (const key of Object.keys(limits)) {
    if (!Object.hasOwn(requests, key)) setMember(requests, key, limits[key] ?? null);
  }
  if (Object.keys(requests).length > 0) setMember(resources, 'requests', requests);
}
