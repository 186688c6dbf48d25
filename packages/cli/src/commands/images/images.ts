import type { ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { askVerification, createImageSource, type ImageSource, listEvidence } from '@vouchsafe/images';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import {
  forEachImage,
  ImageUsageError,
  normaliseImage,
  readImageTimeout,
  readSurroundings,
} from '../../images/image-surroundings.ts';
import { dockerCredentials } from '../../inputs/registry-access.ts';
import { VERSION } from '../../output/version.ts';
import { type ImageListing, type JudgedEvidence, renderListing, toListingJson } from './render-listing.ts';
import { attestorFor, entriesFor, isComplete, isSignature } from './verify-images-entry.ts';

/** Exit codes: 0 all listed, 1 some image has no evidence, 2 wrong use, 3 some could not be looked at. */
export async function images(names: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    return await listAll(names, flags, io);
  } catch (error) {
    if (!(error instanceof ImageUsageError)) throw error;
    io.stderr(`vouchsafe: ${error.message}\n`);
    return EXIT.usage;
  }
}

async function listAll(names: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const output = textFlag(flags, 'output') ?? 'table';
  if (output !== 'table' && output !== 'json')
    throw new ImageUsageError(`--output is table or json, not \`${output}\``);
  const references = names.map(normaliseImage);
  const timeout = readImageTimeout(flags);
  const repository = textFlag(flags, 'repository');
  const access = { allowInsecure: flags['allowInsecureRegistry'] === true, providers: [], secrets: [] };
  const options = {
    ...(await readSurroundings(flags, io)),
    credentials: dockerCredentials(io.env),
    userAgent: `vouchsafe/${VERSION}`,
    environment: io.env,
    limits: { totalMs: timeout },
    access,
    ...(repository === undefined ? {} : { repository }),
  };
  const source = createImageSource({ ...options, cache: { maxSize: 100, ttlMs: timeout } });
  try {
    const listings = await forEachImage(references, async (reference): Promise<ImageListing> => {
      const { digest, images, evidence, unlisted } = await listEvidence(reference, options);
      const judged: JudgedEvidence[] = [];
      for (const one of evidence) {
        const verdict = digest === undefined ? undefined : await judge(one, reference, digest, source, options);
        judged.push({ ...one, ...(verdict === undefined ? {} : { verdict }) });
      }
      return {
        image: reference,
        digest,
        ...(images === undefined ? {} : { images }),
        evidence: judged,
        unlisted,
        entries: entriesFor(reference, evidence, repository),
      };
    });
    io.stdout(output === 'json' ? toListingJson(listings) : listings.map(renderListing).join('\n'));
    if (listings.some(({ digest, unlisted }) => digest === undefined || unlisted.length > 0)) return EXIT.evaluation;
    return listings.every(({ evidence }) => evidence.length > 0) ? EXIT.ok : EXIT.violations;
  } finally {
    await source.close();
  }
}

/** Whether the attestor that the evidence suggests is satisfied; undefined where a key or an authority must be filled in. */
async function judge(
  one: JudgedEvidence,
  reference: string,
  digest: string,
  source: ImageSource,
  { access, repository }: { access: ImageVerificationRequest['access']; repository?: string },
): Promise<string | undefined> {
  const attestor = attestorFor(one);
  if (attestor === undefined || !isComplete(attestor)) return undefined;
  const sets = [{ entries: [attestor] }];
  const { predicateType = '' } = one;
  const [pinned = reference] = reference.split('@');
  const answer = await askVerification(source, {
    kind: 'image-verification',
    reference: `${withoutTag(pinned)}@${digest}`,
    type: one.format,
    attestors: isSignature(one) ? sets : [],
    attestations: isSignature(one) ? [] : [{ type: predicateType, attestors: sets }],
    annotations: {},
    cosignOCI11: false,
    useCache: true,
    access,
    ...(repository === undefined ? {} : { repository }),
  });
  if (!answer.ok) return `not looked at: ${answer.message}`;
  if (answer.value.verified) return 'verified';
  const all = [...answer.value.sets, ...answer.value.attestations.flatMap(({ sets: inner }) => inner)];
  const failures = all.flatMap(({ entries }) => entries.flatMap((entry) => entry.failures));
  const own = failures.find(({ evidence }) => evidence === one.evidence) ?? failures[0];
  return own === undefined ? 'not verified' : `not verified: ${own.reason}: ${own.message}`;
}

function withoutTag(reference: string): string {
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return colon < 0 ? reference : reference.slice(0, colon);
}
