import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { numberOf, recordOf, textOf } from '../model/untyped.ts';

export const leaseResource = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' } as const;

/** `spec` of a coordination.k8s.io/v1 Lease, as far as an election needs it. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

export function readLease(lease: KubernetesObject): LeaseRecord {
  const spec = recordOf(lease['spec']);
  return {
    holderIdentity: textOf(spec['holderIdentity']) ?? '',
    leaseDurationSeconds: numberOf(spec['leaseDurationSeconds']) ?? 0,
    acquireTime: textOf(spec['acquireTime']) ?? '',
    renewTime: textOf(spec['renewTime']) ?? '',
    leaseTransitions: numberOf(spec['leaseTransitions']) ?? 0,
  };
}

/** The lease with another record; members of `spec` that are not ours stay. */
export function withLeaseRecord(lease: KubernetesObject, record: LeaseRecord): KubernetesObject {
  return { ...lease, spec: { ...recordOf(lease['spec']), ...record } };
}

/** RFC 3339 with microseconds (metav1.MicroTime). */
export function toMicroTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
