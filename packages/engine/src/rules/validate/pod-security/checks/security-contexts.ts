import { type Json, memberAt } from '../../../../kernel/json.ts';
import { type FieldError, findingOf, forbidden, type PodCheck, required } from '../finding.ts';
import { type Container, type Pod, textAt } from '../pod.ts';

/** The errors of the Pod's own security context and of each container's, the Pod's first. */
function overContexts(
  { context, containers }: Pod,
  judge: (context: Json, container: Container | undefined) => readonly FieldError[],
): readonly FieldError[] {
  let errors = judge(context, undefined);
  for (const container of containers) {
    const more = judge(container.context, container);
    if (more.length > 0) errors = [...errors, ...more];
  }
  return errors;
}

const NONE: readonly FieldError[] = [];

/** Where a field of a security context is. */
function fieldOf(container: Container | undefined, name: string): string {
  return `${container?.path ?? 'spec'}.securityContext.${name}`;
}

export const windowsHostProcess: PodCheck = (pod) =>
  findingOf(
    'hostProcess',
    overContexts(pod, (context, container) =>
      memberAt(context, 'windowsOptions', 'hostProcess') === true
        ? [forbidden(fieldOf(container, 'windowsOptions.hostProcess'), true, container)]
        : NONE,
    ),
  );

export const runAsUser: PodCheck = (pod) =>
  findingOf(
    'runAsUser=0',
    overContexts(pod, (context, container) =>
      memberAt(context, 'runAsUser') === 0 ? [forbidden(fieldOf(container, 'runAsUser'), 0, container)] : NONE,
    ),
  );

export const runAsNonRoot: PodCheck = (pod) => {
  const explicit = overContexts(pod, (context, container) =>
    memberAt(context, 'runAsNonRoot') === false
      ? [forbidden(fieldOf(container, 'runAsNonRoot'), false, container)]
      : NONE,
  );
  const isPodSet = memberAt(pod.context, 'runAsNonRoot') === true;
  const implicit = isPodSet ? [] : unset(pod, 'runAsNonRoot', 'runAsNonRoot');
  const named = explicit.some(({ container }) => container !== undefined) ? explicit : implicit;
  return findingOf('runAsNonRoot != true', [...explicit, ...implicit], named);
};

/** Containers whose security context lacks `field`. */
function unset({ containers }: Pod, field: string, reported: string): readonly FieldError[] {
  return containers
    .filter(({ context }) => (memberAt(context, field) ?? null) === null)
    .map((container) => required(fieldOf(container, reported), container));
}

export const seLinuxOptions = {
  v1_0: seLinuxBeyond(['', 'container_t', 'container_init_t', 'container_kvm_t']),
  v1_31: seLinuxBeyond(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']),
};

function seLinuxBeyond(allowed: readonly string[]): PodCheck {
  return (pod) => {
    const errors = overContexts(pod, (context, container) => {
      const options = memberAt(context, 'seLinuxOptions');
      if (options === undefined) return NONE;
      const at = (name: string) =>
        forbidden(fieldOf(container, `seLinuxOptions.${name}`), textAt(options, name), container);
      return [
        ...(allowed.includes(textAt(options, 'type')) ? [] : [at('type')]),
        ...(textAt(options, 'user') === '' ? [] : [at('user')]),
        ...(textAt(options, 'role') === '' ? [] : [at('role')]),
      ];
    });
    const finding = findingOf('seLinuxOptions', errors);
    // Its sentence has no "must", which is what upstream looks for.
    return finding && { ...finding, containers: undefined };
  };
}

const ALLOWED_PROFILES = ['RuntimeDefault', 'Localhost'];

/** A profile that is there and of a type that is not allowed. */
function badProfiles(pod: Pod, field: 'seccompProfile' | 'appArmorProfile'): readonly FieldError[] {
  return overContexts(pod, (context, container) => {
    const profile = memberAt(context, field) ?? null;
    if (profile === null) return NONE;
    const type = textAt(profile, 'type');
    return ALLOWED_PROFILES.includes(type) ? NONE : [forbidden(fieldOf(container, `${field}.type`), type, container)];
  });
}

export const seccompBaseline: PodCheck = (pod) => findingOf('seccompProfile', badProfiles(pod, 'seccompProfile'));

const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';

/** Before 1.19 profiles were annotations. */
export const seccompAnnotations: PodCheck = ({ annotations, containers }) => {
  const keys = new Set([SECCOMP_POD_ANNOTATION, ...containers.map(({ name }) => SECCOMP_CONTAINER_ANNOTATION + name)]);
  return findingOf(
    'seccompProfile',
    [...keys].sort().flatMap((key) => {
      const value = memberAt(annotations, key);
      if (typeof value !== 'string' || isSeccompAnnotation(value)) return [];
      return [forbidden(`metadata.annotations[${key}]`, value)];
    }),
  );
};

function isSeccompAnnotation(value: string): boolean {
  return value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
}

export const seccompRestricted: PodCheck = (pod) => {
  const explicit = badProfiles(pod, 'seccompProfile');
  if (explicit.length > 0) return findingOf('seccompProfile', explicit);
  const isPodSet = (memberAt(pod.context, 'seccompProfile') ?? null) !== null;
  return findingOf('seccompProfile', isPodSet ? [] : unset(pod, 'seccompProfile', 'seccompProfile.type'));
};

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorProfile: PodCheck = (pod) => {
  const fields = badProfiles(pod, 'appArmorProfile');
  const annotations = Object.keys(pod.annotations)
    .filter((key) => key.startsWith(APP_ARMOR_ANNOTATION))
    .sort()
    .flatMap((key) => {
      const value = textAt(pod.annotations, key);
      const isAllowed = value === '' || value === 'runtime/default' || value.startsWith('localhost/');
      return isAllowed ? [] : [forbidden(`metadata.annotations[${key}]`, value)];
    });
  const distinct = new Set(fields.map(({ badValue }) => badValue)).size + annotations.length;
  const reason = distinct === 1 ? 'forbidden AppArmor profile' : 'forbidden AppArmor profiles';
  return findingOf(reason, [...fields, ...annotations], fields);
};
