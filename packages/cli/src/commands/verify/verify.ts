import { readFile } from 'node:fs/promises';
import type { Attestor, Fact, ImageVerification, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { EvaluationError, parseImageReference } from '@vouchsafe/engine/kernel';
import { createImageSource, parseTrustRoot, publicGoodTrustRoot, type TrustRoot } from '@vouchsafe/images';
import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { MIRRORED_HOSTS } from '../../cluster/mirrored-hosts.ts';
import { type CommandIo, EXIT, type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { VERSION } from '../../output/version.ts';
import { renderVerification, toVerificationJson, type VerifiedImage } from './render-verification.ts';

/** Wrong use of the command; its message is for the user. */
class UsageError extends Error {}

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
  const requests = images.map((image) => toRequest(image, attestor, flags));
  const seconds = Number(textFlag(flags, 'timeout'));
  if (!(seconds > 0)) throw new UsageError('--timeout is a number of seconds');
  const output = textFlag(flags, 'output') ?? 'text';
  if (output !== 'text' && output !== 'json') throw new UsageError(`--output is text or json, not \`${output}\``);
  const { hosts, trustRoot } = await toSurroundings(flags, io);
  const source = createImageSource({
    hosts,
    trustRoot,
    cache: { maxSize: 0, ttlMs: 0 },
    userAgent: `vouchsafe/${VERSION}`,
  });
  const facts = await source.fetch(requests, AbortSignal.timeout(seconds * 1000));
  await source.close();
  const results: VerifiedImage[] = requests.map((request, index) => ({
    image: images[index] ?? request.reference,
    fact: facts[index] as unknown as Fact<ImageVerification>, // what the source gives for this kind of question
  }));
  io.stdout(
    output === 'json' ? toVerificationJson(results) : results.map((result) => renderVerification(result)).join(''),
  );
  if (results.some(({ fact }) => !fact.ok)) return EXIT.evaluation;
  return results.every(({ fact }) => fact.ok && fact.value.verified) ? EXIT.ok : EXIT.violations;
}

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
  if (key !== undefined) return { keys: { publicKeys: await readText(key, '--key'), ...rekor, ...ctlog } };
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

function member<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>); // one member of that name
}

function toRequest(image: string, attestor: Attestor, flags: FlagValues): ImageVerificationRequest {
  const parsed = parseImageReference(image, { defaultRegistry: 'docker.io', enableDefaultRegistryMutation: true });
  if (parsed instanceof EvaluationError) throw new UsageError(parsed.message);
  const type = textFlag(flags, 'type');
  if (type !== 'Cosign' && type !== 'SigstoreBundle' && type !== 'Notary') {
    throw new UsageError(`--type is Cosign, SigstoreBundle or Notary, not \`${type}\``);
  }
  const annotations = listFlag(flags, 'annotations').map((pair) => {
    const cut = pair.indexOf('=');
    if (cut < 1) throw new UsageError(`--annotations is key=value, not \`${pair}\``);
    return [pair.slice(0, cut), pair.slice(cut + 1)] as const;
  });
  const repository = textFlag(flags, 'repository');
  return {
    kind: 'image-verification',
    reference: parsed.reference,
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

async function toSurroundings(flags: FlagValues, io: CommandIo) {
  const mirrors = listFlag(flags, 'registryMirror').map((pair) => {
    const cut = pair.indexOf('=');
    if (cut < 1) throw new UsageError(`--registry-mirror is HOST=URL, not \`${pair}\``);
    return [pair.slice(0, cut), pair.slice(cut + 1)] as const;
  });
  let rootFile = textFlag(flags, 'trustedRoot');
  if (flags['sandbox'] === true) {
    const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
    const state = await readClusterState(folder);
    if (!state) throw new UsageError(`no sandbox runs in ${folder}; start one with \`vouchsafe sandbox up\``);
    rootFile ??= state.trustedRoot;
    mirrors.push(...MIRRORED_HOSTS.map((host) => [host, `http://${state.registry}`] as const));
  }
  return {
    hosts: Object.fromEntries(mirrors.map(([host, url]) => [host, { url }])),
    trustRoot: rootFile === undefined ? publicGoodTrustRoot() : await readTrustRoot(rootFile),
  };
}

async function readTrustRoot(file: string): Promise<TrustRoot> {
  const parsed = parseTrustRoot(await readText(file, '--trusted-root'));
  if (!parsed.ok) throw new UsageError(`--trusted-root ${file}: ${parsed.message}`);
  return parsed.root;
}

async function readText(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
