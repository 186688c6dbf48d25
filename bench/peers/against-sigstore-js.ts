import { parseTrustRoot, verifyArtifact } from '@vouchsafe/images';
import { pushImage, type Registry, type Sigstore, signKeyless } from '@vouchsafe/sandbox';
import { loadSigstoreJs, type SigstoreJs } from '../../tools/differential/sigstore-js.ts';
import { median } from '../load/process-figures.ts';
import type { Report } from '../suite.ts';

const BUNDLES = 24;
const ROUNDS = 40;
/** Of the compiler: what runs a thousand times a minute is warm. */
const WARM = 10;

interface SignedArtefact {
  readonly bundle: string;
  /** The image's manifest, which the bundle's statement names. */
  readonly bytes: Uint8Array;
}

/**
 * The same bundles, from JSON to verdict, in one process by turns: CPU of each, and how many times less ours is. Trust
 * material is prepared beforehand on both sides.
 */
export async function againstSigstoreJs(registry: Registry, sigstore: Sigstore, report: Report): Promise<void> {
  const library = await loadSigstoreJs();
  if (typeof library === 'string') return console.log(`  @sigstore/verify is not compared with: ${library}`);
  for (const log of ['v1', 'v2'] as const) {
    const artefacts = Array.from({ length: BUNDLES }, (_, index) => sign(registry, sigstore, log, index));
    const judges = { ours: oursOf(sigstore), theirs: theirsOf(library, sigstore) };
    const used: Record<keyof typeof judges, number[]> = { ours: [], theirs: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of ['ours', 'theirs'] as const) {
        const before = process.cpuUsage();
        for (const artefact of artefacts) await judges[name](artefact);
        const { user, system } = process.cpuUsage(before);
        if (round >= WARM) used[name].push((user + system) / 1000 / BUNDLES);
      }
    }
    const [ours, theirs] = [median(used.ours), median(used.theirs)];
    report(`sigstore-js.${log}.ours`, ours, 'ms');
    report(`sigstore-js.${log}.theirs`, theirs, 'ms');
    report(`sigstore-js.${log}.times`, theirs / ours, 'x', { must: 8 });
  }
}

function sign(registry: Registry, sigstore: Sigstore, log: 'v1' | 'v2', index: number): SignedArtefact {
  const repository = `peers/${log}-${index}`;
  const { image, digest } = pushImage(registry, `${repository}:v1`, { labels: { index: `${log}-${index}` } });
  const { layerDigest } = signKeyless({ registry, image, sigstore, identity: IDENTITY, format: 'bundle', log });
  const bundle = registry.content.blob(repository, layerDigest);
  const manifest = registry.content.manifest(repository, digest);
  if (bundle === undefined || manifest === undefined) throw new Error('the registry lost what was pushed');
  return { bundle: Buffer.from(bundle).toString('utf8'), bytes: manifest.manifest.bytes };
}

const IDENTITY = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main',
};

type Judge = (artefact: SignedArtefact) => Promise<void>;

function oursOf(sigstore: Sigstore): Judge {
  const trusted = parseTrustRoot(JSON.stringify(sigstore.trustedRoot));
  if (!trusted.ok) throw new Error(trusted.message);
  return async ({ bundle, bytes }) => {
    const verdict = await verifyArtifact(bundle, bytes, { keyless: IDENTITY }, { trustRoot: trusted.root });
    if (!verdict.ok) throw new Error(verdict.failure.message);
  };
}

function theirsOf({ verify, bundle, specs }: SigstoreJs, sigstore: Sigstore): Judge {
  const trust = verify.toTrustMaterial(specs.TrustedRoot.fromJSON(sigstore.trustedRoot));
  const verifier = new verify.Verifier(trust, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
  const subjectAlternativeName = `^${IDENTITY.subject.replaceAll(/[.@/]/g, '\\$&')}$`;
  const policy = { subjectAlternativeName, extensions: { issuer: IDENTITY.issuer } };
  return async (artefact) => {
    verifier.verify(verify.toSignedEntity(bundle.bundleFromJSON(JSON.parse(artefact.bundle))), policy);
  };
}
