import { askVerification, createImageSource, type ImageSource, withInsecureRegistries } from '@vouchsafe/images';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import {
  forEachImage,
  normaliseImage,
  readImageTimeout,
  readSurroundings,
  ImageUsageError as UsageError,
} from '../../images/image-surroundings.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { dockerCredentials } from '../../inputs/registry-access.ts';
import { VERSION } from '../../output/version.ts';
import { toAttestor, toRequests } from './attestor-question.ts';
import { type ImageVerdict, nearestVerdict, verdictOfFact, verdictOfPolicies } from './image-verdict.ts';
import { renderVerification, renderVerificationTable, toVerificationJson } from './render-verification.ts';
import { toVerificationSarif } from './verification-sarif.ts';

/** Exit codes: 0 all vouched for, 1 some not, 2 wrong use, 3 some could not be looked at. */
export async function verify(images: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    return await verifyAll(images, flags, io);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof InputProblem)) throw error;
    io.stderr(`vouchsafe: ${error.message}\n`);
    return EXIT.usage;
  }
}

async function verifyAll(images: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const render = renderers.get(textFlag(flags, 'output') ?? 'text');
  if (render === undefined) throw new UsageError(`--output is one of ${[...renderers.keys()].join(', ')}`);
  const timeout = readImageTimeout(flags);
  const judge = await chooseJudge(images, flags, io);
  const source = createImageSource({
    ...(await readSurroundings(flags, io)),
    // Several rules of policies ask the same of one image.
    cache: { maxSize: 100, ttlMs: timeout },
    credentials: dockerCredentials(io.env),
    userAgent: `vouchsafe/${VERSION}`,
    environment: io.env,
    acceptAnyStatement: flags['acceptAnyStatement'] === true,
  });
  const verdicts = await forEachImage(images, (image) => judge(image, source, AbortSignal.timeout(timeout)));
  io.stdout(render(verdicts));
  await source.close();
  if (verdicts.some(({ status }) => status === 'unknown')) return EXIT.evaluation;
  return verdicts.every(({ status }) => status === 'verified') ? EXIT.ok : EXIT.violations;
}

type Judge = (image: string, source: ImageSource, signal: AbortSignal) => Promise<ImageVerdict>;

/** By policies, or by one attestor. */
async function chooseJudge(images: readonly string[], flags: FlagValues, io: CommandIo): Promise<Judge> {
  const paths = listFlag(flags, 'policy');
  if (paths.length > 0) return judgeByPolicies(images, paths, flags, io);
  const attestor = toAttestor(flags);
  for (const image of images) toRequests(image, attestor, flags);
  return async (image, source, signal) => {
    const [first, ...others] = toRequests(image, attestor, flags);
    const ask = async (request: typeof first) => verdictOfFact(image, await askVerification(source, request, signal));
    const verdicts: [ImageVerdict, ...ImageVerdict[]] = [await ask(first)];
    const formats = [first, ...others].map(({ type }) => type);
    for (const request of others) {
      if (isSettled(nearestVerdict(verdicts, formats))) break;
      verdicts.push(await ask(request));
    }
    return nearestVerdict(verdicts, formats);
  };
}

/** Nothing that another format holds would change it: it is verified, or the registry does not let anybody look. */
function isSettled({ status, findings }: ImageVerdict): boolean {
  return status === 'verified' || (status === 'unknown' && findings[0]?.reason !== 'permanent');
}

/** Flags that say who must have signed, or how: with policies, these say so. */
const attestorFlags = [
  ...[
    'key',
    'certificateIdentity',
    'certificateIdentityRegexp',
    'certificateOidcIssuer',
    'certificateOidcIssuerRegexp',
  ],
  ...['certificateChain', 'annotations', 'repository', 'insecureIgnoreTlog', 'insecureIgnoreSct'],
];

async function judgeByPolicies(
  images: readonly string[],
  paths: readonly string[],
  flags: FlagValues,
  io: CommandIo,
): Promise<Judge> {
  const isGiven = (name: string) => listFlag(flags, name).length > 0 || flags[name] === true;
  if (attestorFlags.some(isGiven))
    throw new UsageError('policies say who must have signed: give --policy without --key and the like');
  for (const image of images) normaliseImage(image);
  const { askPolicies, loadImagePolicies } = await import('./ask-policies.ts');
  const policies = await loadImagePolicies(paths, io.cwd);
  const namespace = textFlag(flags, 'namespace') ?? 'default';
  const isInsecure = flags['allowInsecureRegistry'] === true;
  return async (image, images, signal) => {
    const source = isInsecure ? withInsecureRegistries(images) : images;
    return verdictOfPolicies(image, await askPolicies(image, policies, { namespace, source, signal, now: Date.now() }));
  };
}

const renderers: ReadonlyMap<string, (verdicts: readonly ImageVerdict[]) => string> = new Map([
  ['text', (verdicts: readonly ImageVerdict[]) => verdicts.map(renderVerification).join('')],
  ['table', renderVerificationTable],
  ['json', toVerificationJson],
  ['sarif', toVerificationSarif],
]);
