import type { Attestor } from '@vouchsafe/engine/facts';
import { type ListedEvidence, listEvidence } from '@vouchsafe/images';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import {
  forEachImage,
  ImageUsageError,
  normaliseImage,
  readImageTimeout,
  readKey,
  readSurroundings,
} from '../../images/image-surroundings.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { dockerCredentials } from '../../inputs/registry-access.ts';
import { VERSION } from '../../output/version.ts';
import { type ImageListing, type JudgedEvidence, renderListing, toListingJson } from './render-listing.ts';
import { attestorFor, entriesFor, isComplete } from './verify-images-entry.ts';

/** Exit codes: 0 all listed, 1 some image has no evidence, 2 wrong use, 3 some could not be looked at. */
export async function images(names: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    return await listAll(names, flags, io);
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
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
  const keys = listFlag(flags, 'key').map(readKey);
  const access = { allowInsecure: flags['allowInsecureRegistry'] === true, providers: [], secrets: [] };
  const surroundings = await readSurroundings(flags, io);
  const options = {
    ...surroundings,
    credentials: dockerCredentials(io.env),
    userAgent: `vouchsafe/${VERSION}`,
    environment: io.env,
    limits: { totalMs: timeout },
    access,
    judging: {
      trustRoot: surroundings.trustRoot,
      attestorsFor: (one: ListedEvidence) => attestorsToTry(one, keys),
    },
    ...(repository === undefined ? {} : { repository }),
  };
  const listings = await forEachImage(references, async (reference): Promise<ImageListing> => {
    const { evidence, ...listing } = await listEvidence(reference, options);
    const judged = evidence.map(toJudged);
    return { image: reference, ...listing, evidence: judged, entries: entriesFor(reference, judged, repository) };
  });
  io.stdout(output === 'json' ? toListingJson(listings) : listings.map(renderListing).join('\n'));
  if (listings.some(({ digest, unlisted }) => digest === undefined || unlisted.length > 0)) return EXIT.evaluation;
  return listings.every(({ evidence }) => evidence.length > 0) ? EXIT.ok : EXIT.violations;
}

/** What the evidence suggests, with each of the keys where it is a key's; nothing where something must be filled in first. */
function attestorsToTry(one: ListedEvidence, keys: readonly string[]): readonly Attestor[] {
  const suggested = attestorFor(one);
  if (suggested === undefined) return [];
  const { keys: bare } = suggested;
  const all =
    bare === undefined ? [suggested] : keys.map((publicKeys): Attestor => ({ keys: { ...bare, publicKeys } }));
  return all.filter(isComplete);
}

/** What evidence brings with itself says nothing of who it is from. */
const SELF_CONSISTENT = 'as its own certificates say; whether to trust them is yours to tell';

function toJudged({ judged, ...one }: ListedEvidence): JudgedEvidence {
  if (judged === undefined) return one;
  const { attestor, failure } = judged;
  if (failure !== undefined) return { ...one, verdict: `not verified: ${failure.reason}: ${failure.message}` };
  return { ...one, attestor, verdict: attestor.certificates === undefined ? 'verified' : SELF_CONSISTENT };
}
