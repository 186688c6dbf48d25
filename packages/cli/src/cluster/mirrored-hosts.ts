/** The registry hosts that the sandbox's own registry stands in for. */
export const MIRRORED_HOSTS = ['ghcr.io', 'docker.io', 'quay.io', 'registry.k8s.io'] as const;
