/** Where the public keys of `k8s://namespace/name` come from: the `cosign.pub` of a secret. A shell implements it. */
export interface SecretKeySource {
  /** PEM; undefined when there is no such secret or it holds no `cosign.pub`. A rejection is a passing failure. */
  publicKey(namespace: string, name: string, signal: AbortSignal): Promise<string | undefined>;
}
