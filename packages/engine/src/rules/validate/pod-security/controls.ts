import {
  allowPrivilegeEscalation,
  capabilitiesBaseline,
  capabilitiesRestricted,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  unlessOwnUsers,
  unlessWindows,
} from './checks/containers.ts';
import { hostNamespaces, hostPathVolumes, restrictedVolumes, sysctls } from './checks/pods.ts';
import {
  appArmorProfile,
  runAsNonRoot,
  runAsUser,
  seccompAnnotations,
  seccompBaseline,
  seccompRestricted,
  seLinuxOptions,
  windowsHostProcess,
} from './checks/security-contexts.ts';
import type { PodCheck } from './finding.ts';

export type PodSecurityLevel = 'baseline' | 'restricted';

/** A check in its versions: minor versions of Kubernetes 1, oldest first. */
export interface Control {
  readonly id: string;
  /** Kyverno's `controlName`; empty for a check no policy can name. */
  readonly name: string;
  readonly level: PodSecurityLevel;
  readonly versions: readonly (readonly [since: number, check: PodCheck])[];
}

/** All checks, in the order upstream runs and reports them (kyverno-core §2.13). */
export const CONTROLS: readonly Control[] = [
  control(
    'allowPrivilegeEscalation',
    'Privilege Escalation',
    'restricted',
    [8, allowPrivilegeEscalation],
    [25, unlessWindows(allowPrivilegeEscalation)],
  ),
  control('appArmorProfile', 'AppArmor', 'baseline', [0, appArmorProfile]),
  control('capabilities_baseline', 'Capabilities', 'baseline', [0, capabilitiesBaseline]),
  control(
    'capabilities_restricted',
    'Capabilities',
    'restricted',
    [22, capabilitiesRestricted],
    [25, unlessWindows(capabilitiesRestricted)],
  ),
  control('hostNamespaces', 'Host Namespaces', 'baseline', [0, hostNamespaces]),
  control('hostPathVolumes', 'HostPath Volumes', 'baseline', [0, hostPathVolumes]),
  control('hostPorts', 'Host Ports', 'baseline', [0, hostPorts]),
  control('hostProbesAndHostLifecycle', '', 'baseline', [34, hostProbesAndHostLifecycle]),
  control('privileged', 'Privileged Containers', 'baseline', [0, privileged]),
  control('procMount', '/proc Mount Type', 'baseline', [0, procMount], [35, unlessOwnUsers(procMount)]),
  control('procMount_restricted', '/proc Mount Type', 'restricted', [35, procMount]),
  control('restrictedVolumes', 'Volume Types', 'restricted', [0, restrictedVolumes]),
  control('runAsNonRoot', 'Running as Non-root', 'restricted', [0, runAsNonRoot]),
  control('runAsUser', 'Running as Non-root user', 'restricted', [23, runAsUser]),
  control('seLinuxOptions', 'SELinux', 'baseline', [0, seLinuxOptions.v1_0], [31, seLinuxOptions.v1_31]),
  control('seccompProfile_baseline', 'Seccomp', 'baseline', [0, seccompAnnotations], [19, seccompBaseline]),
  control(
    'seccompProfile_restricted',
    'Seccomp',
    'restricted',
    [19, seccompRestricted],
    [25, unlessWindows(seccompRestricted)],
  ),
  control(
    'sysctls',
    'Sysctls',
    'baseline',
    [0, sysctls.v1_0],
    [27, sysctls.v1_27],
    [29, sysctls.v1_29],
    [32, sysctls.v1_32],
  ),
  control('windowsHostProcess', 'HostProcess', 'baseline', [0, windowsHostProcess]),
];

function control(id: string, name: string, level: PodSecurityLevel, ...versions: Control['versions']): Control {
  return { id, name, level, versions };
}

/** Kyverno 1.19 is built on the checks of this minor version: its `latest` is that. Newer ones are for who names them. */
export const LATEST = 34;

/** `latest`, empty, or `v1.<minor>`; `undefined` for anything else. */
export function parsePodSecurityVersion(version: string): number | undefined {
  if (version === '' || version === 'latest') return LATEST;
  const found = /^v1\.([0-9]{1,9})$/.exec(version);
  return found ? Number(found[1]) : undefined;
}

/** The newest check that is not newer than asked for; `undefined` when all are newer. */
export function checkAt({ versions }: Control, minor: number): PodCheck | undefined {
  return versions.findLast(([since]) => since <= minor)?.[1];
}
