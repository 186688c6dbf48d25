/**
 * What a cluster needs to come back to life: it must never wait for us. Policies about these are registered `Ignore`,
 * whatever their failurePolicy says.
 */
export const BOOTSTRAP_RESOURCES = [
  { group: '', resource: 'nodes', kind: 'Node' },
  { group: 'coordination.k8s.io', resource: 'leases', kind: 'Lease' },
  { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', kind: 'CertificateSigningRequest' },
  { group: 'authentication.k8s.io', resource: 'tokenreviews', kind: 'TokenReview' },
  { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', kind: 'SubjectAccessReview' },
] as const;

export function isBootstrapKind({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return BOOTSTRAP_RESOURCES.some((one) => one.group === group && one.kind === kind);
}
