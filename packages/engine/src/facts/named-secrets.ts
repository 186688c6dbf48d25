/** What Kubernetes takes for the name of a Secret (RFC 1123). */
const SECRET_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Secrets with credentials as `RegistryAccess` names them: `namespace/name`, or `name` alone for the engine's own namespace
 * (`namespace` undefined). Pods and variables bring names that nobody has checked: one that is no Secret's is left out, as
 * `kube-system/pull` would be looked up in a namespace of its own choice.
 */
export function namedSecrets(names: readonly string[], namespace: string | undefined): readonly string[] {
  if (names.length === 0 || namespace === '') return NONE;
  const known = names.filter((name) => SECRET_NAME.test(name));
  return namespace === undefined ? known : known.map((name) => `${namespace}/${name}`);
}

const NONE: readonly string[] = Object.freeze([]);
