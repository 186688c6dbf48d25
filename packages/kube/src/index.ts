/** `@vouchsafe/kube`: speaks Kubernetes, knows no policy. */
export * from './pki/index.ts';
