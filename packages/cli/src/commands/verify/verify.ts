import type { Attestor, Fact, ImageVerification, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { createImageSource } from '@vouchsafe/images';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import {
  forEachImage,
  normaliseImage,
  readImageTimeout,
  readSurroundings,
  readFlagFile as readText,
  splitPair,
  ImageUsageError as UsageError,
} from '../../images/image-surroundings.ts';
import { VERSION } from '../../output/version.ts';
import { renderVerification, toVerificationJson, type VerifiedImage } from './render-verification.ts';
import { toVerificationSarif } from './verification-sarif.ts';

/** Exit codes: 0 all vouched for, 1 some not, 2 wrong use, 3 some could not be looked at. */
export async function verify(images: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    return await verifyAll(images, flags, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr(`vouchsafe: ${error.message}\n`);
    return EXIT.usage;
  }
}

async function verifyAll(images: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const attestor = await toAttestor(flags);
  const timeout = readImageTimeout(flags);
  const render = renderers.get(textFlag(flags, 'output') ?? 'text');
  if (render === undefined) throw new UsageError(`--output is one of ${[...renderers.keys()].join(', ')}`);
  for (const image of images) toRequest(image, attestor, flags);
  const source = createImageSource({
    ...(await readSurroundings(flags, io)),
    cache: { maxSize: 0, ttlMs: 0 },
    userAgent: `vouchsafe/${VERSION}`,
    environment: io.env,
    acceptAnyStatement: flags['acceptAnyStatement'] === true,
  });
  const results = await forEachImage(images, async (image): Promise<VerifiedImage> => {
    const [fact] = await source.fetch([toRequest(image, attestor, flags)], AbortSignal.timeout(timeout));
    return { image, fact: fact as unknown as Fact<ImageVerification> }; // what the source gives for this kind of question
  });
  await source.close();
  io.stdout(render(results));
  if (results.some(({ fact }) => !fact.ok)) return EXIT.evaluation;
  return results.every(({ fact }) => fact.ok && fact.value.verified) ? EXIT.ok : EXIT.violations;
}

const renderers: ReadonlyMap<string, (results: readonly VerifiedImage[]) => string> = new Map([
  ['text', (results: readonly VerifiedImage[]) => results.map((result) => renderVerification(result)).join('')],
  ['json', toVerificationJson],
  ['sarif', toVerificationSarif],
]);

async function toAttestor(flags: FlagValues): Promise<Attestor> {
  const rekor = flags['insecureIgnoreTlog'] === true ? { rekor: { ignoreTlog: true } } : {};
  const ctlog = flags['insecureIgnoreSct'] === true ? { ctlog: { ignoreSCT: true } } : {};
  const key = textFlag(flags, 'key');
  const identity = {
    ...member('subject', textFlag(flags, 'certificateIdentity')),
    ...member('subjectRegExp', textFlag(flags, 'certificateIdentityRegexp')),
    ...member('issuer', textFlag(flags, 'certificateOidcIssuer')),
    ...member('issuerRegExp', textFlag(flags, 'certificateOidcIssuerRegexp')),
  };
  const isKeyless = Object.keys(identity).length > 0;
  if (key !== undefined && isKeyless) throw new UsageError('give either --key or an identity, not both');
  if (key !== undefined) return { keys: { publicKeys: await readKey(key), ...rekor, ...ctlog } };
  const chain = textFlag(flags, 'certificateChain');
  if (!isKeyless && chain === undefined) {
    throw new UsageError('say who must have signed: --key, or --certificate-identity with --certificate-oidc-issuer');
  }
  if (!isKeyless && chain !== undefined)
    return { certificates: { certChain: await readText(chain, '--certificate-chain'), ...rekor, ...ctlog } };
  const hasSubject = 'subject' in identity || 'subjectRegExp' in identity;
  const hasIssuer = 'issuer' in identity || 'issuerRegExp' in identity;
  if (!hasSubject || !hasIssuer) {
    throw new UsageError(
      'an identity is a subject and its issuer: anybody can get a certificate for a subject of an issuer of their own',
    );
  }
  const roots = chain === undefined ? {} : { roots: await readText(chain, '--certificate-chain') };
  return { keyless: { ...identity, ...roots, ...rekor, ...ctlog } };
}

/** A file, unless it is a reference to a key kept elsewhere. */
async function readKey(key: string): Promise<string> {
  return /^[a-z0-9]+:\/\//.test(key) ? key : readText(key, '--key');
}

function member<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>); // one member of that name
}

function toRequest(image: string, attestor: Attestor, flags: FlagValues): ImageVerificationRequest {
  const type = textFlag(flags, 'type');
  if (type !== 'Cosign' && type !== 'SigstoreBundle' && type !== 'Notary') {
    throw new UsageError(`--type is Cosign, SigstoreBundle or Notary, not \`${type}\``);
  }
  const annotations = listFlag(flags, 'annotations').map((pair) => splitPair(pair, '--annotations is key=value'));
  const repository = textFlag(flags, 'repository');
  return {
    kind: 'image-verification',
    reference: normaliseImage(image),
    type,
    attestors: [{ entries: [attestor] }],
    attestations: [],
    ...(repository ? { repository } : {}),
    annotations: Object.fromEntries(annotations),
    cosignOCI11: false,
    useCache: false,
    access: { allowInsecure: flags['allowInsecureRegistry'] === true, providers: [], secrets: [] },
  };
}
