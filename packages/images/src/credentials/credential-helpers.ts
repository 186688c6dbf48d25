import { readFile, stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import type { Connections } from '../registry/connections.ts';
import type { CredentialHelpers } from '../registry/credential-source.ts';
import type { Environment } from '../registry/environment.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { untilAborted } from '../registry/until-aborted.ts';
import { amazonHelper } from './amazon-helper.ts';
import { azureHelper } from './azure-helper.ts';
import type { CredentialHelper, HelperContext, HelperRequest, Login } from './credential-helper.ts';
import { githubHelper } from './github-helper.ts';
import { googleHelper } from './google-helper.ts';

/** A new provider is a file and a word here. */
const helpers: readonly CredentialHelper[] = [googleHelper, amazonHelper, azureHelper, githubHelper];

export interface CredentialHelperOptions {
  readonly connections: Connections;
  readonly environment: Environment;
  readonly userAgent: string;
  readonly now: () => number;
  /** Where the services are instead: origin by origin. Tests point them at fakes. */
  readonly origins?: Readonly<Record<string, string>>;
}

const maximumBytes = 256 * 1024;
const maximumFileBytes = 64 * 1024;
/** Metadata servers are near, or not there and silent. */
const metadataMs = 2000;
/** A login is one for all who wait for it: none of them ends it for the others. */
const loginMs = 15_000;
/** A credential is not used in its last minutes; those that last less are used once. */
const marginMs = 300_000;
/** How long "no identity here" is believed: metadata servers that do not exist answer slowly. */
const absenceMs = 60_000;

/** Logins are kept until shortly before they expire, asked for once by all who ask at the same time, and never shown. */
export function createCredentialHelpers(options: CredentialHelperOptions): CredentialHelpers {
  const { environment, now } = options;
  const kept = new LRUCache<string, { readonly login: Login | undefined; readonly until: number }>({ max: 500 });
  const running = new Map<string, Promise<Login | undefined>>();

  async function ask(helper: CredentialHelper, host: string): Promise<Login | undefined> {
    const signal = AbortSignal.timeout(loginMs);
    const context: HelperContext = {
      environment,
      now,
      readFile: readNamedFile,
      send: (request) => send(options, request, signal),
    };
    const login = await helper.login(host, context).catch((error: unknown) => {
      // Where there is no such metadata server, there is no such identity.
      if (error instanceof RegistryFailure && isAbsence(error)) return undefined;
      throw error;
    });
    const until = login === undefined ? now() + absenceMs : login.expiresAt - marginMs;
    kept.set(`${helper.name} ${host}`, { login, until });
    return login;
  }

  return {
    async login(host, names, signal) {
      for (const helper of helpers.filter(({ name }) => names.includes(name))) {
        if (!helper.matches(host)) continue;
        const key = `${helper.name} ${host}`;
        const known = kept.get(key);
        if (known !== undefined && now() < known.until) {
          if (known.login === undefined) continue;
          return known.login.credential;
        }
        const asked = running.get(key) ?? ask(helper, host).finally(() => running.delete(key));
        running.set(key, asked);
        const login = await untilAborted(asked, 'the question for registry credentials', signal);
        if (login !== undefined) return login.credential;
      }
      return undefined;
    },
  };
}

class AbsentService extends RegistryFailure {}

function isAbsence(error: RegistryFailure): boolean {
  return error instanceof AbsentService;
}

/** One request to a provider; an answer that does not come from a metadata server means there is none. */
async function send(options: CredentialHelperOptions, request: HelperRequest, signal: AbortSignal) {
  const { url, metadataHost, headers, ...rest } = request;
  const original = new URL(url);
  const moved = Object.hasOwn(options.origins ?? {}, original.origin) ? options.origins?.[original.origin] : undefined;
  const target = moved === undefined ? original : new URL(`${original.pathname}${original.search}`, moved);
  const isMetadata = metadataHost !== undefined && moved === undefined;
  const exchange = options.connections.exchange(
    {
      ...rest,
      url: target,
      headers: { 'user-agent': options.userAgent, ...headers },
      maximumBytes,
      ca: undefined,
      insecure: false,
      loopbackHost: moved === undefined ? undefined : target.host,
      metadataHost: isMetadata ? metadataHost : undefined,
    },
    metadataHost === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(metadataMs)]),
  );
  return exchange.catch((error: unknown) => {
    if (!(error instanceof RegistryFailure)) throw error;
    const message = `\`${original.host}\` cannot be asked for registry credentials`;
    if (metadataHost !== undefined) throw new AbsentService(error.class, message, error.code);
    throw new RegistryFailure(error.class, message, error.code);
  });
}

async function readNamedFile(path: string): Promise<string> {
  const failure = (): RegistryFailure =>
    new RegistryFailure('transient', `the token file \`${path}\` for registry credentials cannot be read`);
  const { size } = await stat(path).catch(() => {
    throw failure();
  });
  if (size > maximumFileBytes) throw failure();
  const text = await readFile(path, 'utf8').catch(() => {
    throw failure();
  });
  return text.trim();
}
