import { readFileSync, statSync } from 'node:fs';
import { EvaluationError, parseImageReference } from '@vouchsafe/engine/kernel';
import {
  deferTrustRoot,
  parseTrustRoot,
  publicGoodTrustRoot,
  type RegistryHosts,
  readTufTrustRoot,
  type SecretKeySource,
  type SignatureOrigins,
  type TrustRoot,
  toSignatureOrigins,
} from '@vouchsafe/images';
import { clusterFolder, readClusterState } from '../cluster/cluster-state.ts';
import { MIRRORED_HOSTS } from '../cluster/mirrored-hosts.ts';
import { type CommandIo, type FlagValues, listFlag, textFlag } from '../flags/command.ts';
import { readHostSettings } from '../flags/registry-flags.ts';
import { InputProblem } from '../inputs/input-problem.ts';
import { splitPair, toHosts } from '../inputs/registry-access.ts';
import { createClusterKeys } from './cluster-keys.ts';

/** Wrong use of a command about images; its message is for the user. */
export class ImageUsageError extends InputProblem {}

/** Where images are and whom one believes. */
export interface ImageSurroundings {
  readonly hosts: RegistryHosts;
  readonly signatureOrigins: SignatureOrigins;
  readonly trustRoot: TrustRoot;
  /** A folder in place of all registries. */
  readonly layout?: string;
  readonly credentialProviders: readonly string[];
  readonly secretKeys: SecretKeySource;
}

const providers = ['default', 'google', 'amazon', 'azure', 'github'];

/** Reads the flags every command about images has. Throws {@link ImageUsageError}. */
export async function readSurroundings(flags: FlagValues, io: CommandIo): Promise<ImageSurroundings> {
  const { mirrors, ...settings } = readHostSettings(flags);
  const sandboxMirrors: string[] = [];
  let rootFile = textFlag(flags, 'trustedRoot') ?? textFlag(flags, 'trustRoot');
  if (flags['sandbox'] === true) {
    const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
    const state = await readClusterState(folder);
    if (!state) throw new ImageUsageError(`no sandbox runs in ${folder}; start one with \`vouchsafe sandbox up\``);
    rootFile ??= state.trustedRoot;
    sandboxMirrors.push(...MIRRORED_HOSTS.map((host) => `${host}=http://${state.registry}`));
  }
  const credentialProviders = listFlag(flags, 'registryProvider');
  const unknown = credentialProviders.find((name) => !providers.includes(name));
  if (unknown !== undefined) throw new ImageUsageError(`--registry-provider \`${unknown}\` is not known`);
  const layout = textFlag(flags, 'layout');
  if (layout !== undefined) checkLayout(layout);
  return {
    hosts: toHosts({ ...settings, mirrors: [...mirrors, ...sandboxMirrors] }),
    signatureOrigins: readOrigins(listFlag(flags, 'signatureOrigin')),
    trustRoot: await chooseTrustRoot(rootFile, flags, io),
    credentialProviders,
    secretKeys: createClusterKeys(io.env),
    ...(layout === undefined ? {} : { layout }),
  };
}

/** The reference as policies have it. Throws {@link ImageUsageError}. */
export function normaliseImage(image: string): string {
  const parsed = parseImageReference(image, { defaultRegistry: 'docker.io', enableDefaultRegistryMutation: true });
  // The settings that Kyverno's text names are nobody's here.
  const settings = /, defaultRegistry: [^,]*, enableDefaultRegistryMutation: (?:true|false)/;
  if (parsed instanceof EvaluationError) throw new ImageUsageError(parsed.message.replace(settings, ''));
  return parsed.reference;
}

/** Milliseconds an image may take. */
export function readImageTimeout(flags: FlagValues): number {
  const seconds = Number(textFlag(flags, 'timeout'));
  if (!(seconds > 0) || seconds > 86_400) throw new ImageUsageError('--timeout is a number of seconds');
  return seconds * 1000;
}

function readOrigins(pairs: readonly string[]): SignatureOrigins {
  const origins = toSignatureOrigins(pairs.map((pair) => splitPair(pair, '--signature-origin is PLACE=ORIGIN')));
  if (typeof origins === 'string') throw new ImageUsageError(`--signature-origin: ${origins}`);
  return origins;
}

/** Read at once: threads that read in the background take longer to start than a small file to read. */
export function readFlagFile(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ImageUsageError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The PEM of `--key`: of a file, unless it is a reference to a key kept elsewhere. */
export function readKey(key: string): string {
  return /^[a-z0-9]+:\/\//.test(key) ? key : readFlagFile(key, '--key');
}

const concurrency = 8;

/** Asks about several images at a time, answers in their order. */
export async function forEachImage<Answer>(
  images: readonly string[],
  ask: (image: string) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < images.length; index = next++) answers[index] = await ask(images[index] ?? '');
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, images.length) }, work));
  return answers;
}

function checkLayout(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ImageUsageError(`--layout: \`${folder}\` is not a folder`);
}

async function chooseTrustRoot(file: string | undefined, flags: FlagValues, io: CommandIo): Promise<TrustRoot> {
  const mirror = textFlag(flags, 'tufMirror');
  if (mirror === undefined) return file === undefined ? publicGoodTrustRoot() : readTrustRoot(file, flags);
  if (file !== undefined) throw new ImageUsageError('--trusted-root and --tuf-mirror name two trust roots; give one');
  const rootFile = textFlag(flags, 'tufRoot');
  const folder = io.env['TUF_ROOT'];
  const read = await readTufTrustRoot({
    mirror,
    userAgent: 'vouchsafe',
    environment: io.env,
    ...(rootFile === undefined ? {} : { root: readFlagFile(rootFile, '--tuf-root') }),
    ...(folder ? { folder } : {}),
  });
  if (!read.ok) throw new ImageUsageError(read.message);
  return read.root;
}

function readTrustRoot(file: string, flags: FlagValues): TrustRoot {
  const text = readFlagFile(file, '--trusted-root');
  // A signature by a key needs none of it, and time stamps of one count for nothing.
  if (textFlag(flags, 'key') !== undefined && flags['insecureIgnoreTlog'] === true) return deferTrustRoot(text);
  const parsed = parseTrustRoot(text);
  if (!parsed.ok) throw new ImageUsageError(`--trusted-root ${file}: ${parsed.message}`);
  return parsed.root;
}
