import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { type ArtifactLayer, pullArtifact, pushArtifact, type RegistryHosts } from '@vouchsafe/images';
import { InputProblem } from './input-problem.ts';
import { dockerCredentials, type RegistryAccessOptions, toHosts } from './registry-access.ts';

/** The media types and annotations of Kyverno's artifacts (kyverno-core §5.1): each side reads what the other pushed. */
const CONFIG_TYPE = 'application/vnd.cncf.kyverno.config.v1+json';
const LAYER_TYPE = 'application/vnd.cncf.kyverno.policy.layer.v1+yaml';
const ANNOTATION = 'io.kyverno.image.';

/** One policy as an artifact holds it. */
export interface PolicyLayer {
  readonly kind: string;
  readonly name: string;
  readonly apiVersion: string;
  /** YAML. */
  readonly text: string;
}

export interface ArtifactPlace extends RegistryAccessOptions {
  /** `registry/repository:tag`. */
  readonly reference: string;
  /** Plain HTTP and unknown certificates are accepted. */
  readonly allowInsecure?: boolean;
}

const PROVIDERS = ['github', 'amazon', 'google', 'azure'];
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** The digest of what was pushed. Throws `InputProblem`. */
export async function pushPolicies(policies: readonly PolicyLayer[], place: ArtifactPlace): Promise<string> {
  const layers = policies.map(
    ({ kind, name, apiVersion, text }): ArtifactLayer => ({
      mediaType: LAYER_TYPE,
      annotations: new Map([
        [`${ANNOTATION}kind`, kind],
        [`${ANNOTATION}name`, name],
        [`${ANNOTATION}apiVersion`, apiVersion],
      ]),
      bytes: Buffer.from(text),
    }),
  );
  const artifact = { configMediaType: CONFIG_TYPE, config: Buffer.from('{}'), layers };
  const pushed = await pushArtifact(place.reference, artifact, accessOf(place), optionsOf(place));
  if (!pushed.ok) throw new InputProblem(pushed.message);
  return pushed.value;
}

/** The texts of the policies, in the order of the artifact's layers. Throws `InputProblem`. */
export async function pullPolicies(place: ArtifactPlace): Promise<readonly string[]> {
  const pulled = await pullArtifact(place.reference, LAYER_TYPE, accessOf(place), optionsOf(place));
  if (!pulled.ok) throw new InputProblem(pulled.message);
  return pulled.value.layers.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));
}

function accessOf({ allowInsecure = false }: ArtifactPlace): RegistryAccess {
  return { allowInsecure, providers: PROVIDERS, secrets: [] };
}

function optionsOf({ reference, hosts, env }: ArtifactPlace) {
  return {
    hosts: { ...loopbackHost(reference), ...toHosts(hosts) },
    credentials: dockerCredentials(env),
    environment: env,
    userAgent: 'vouchsafe',
  };
}

/** A registry on this very machine speaks plain HTTP, as for every client of registries; and the user named it. */
function loopbackHost(reference: string): RegistryHosts {
  const [host = ''] = reference.split('/');
  return LOOPBACK.test(host) ? { [host]: { url: `http://${host}` } } : {};
}
