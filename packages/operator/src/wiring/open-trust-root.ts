import { readFile } from 'node:fs/promises';
import { memberAt } from '@vouchsafe/engine/kernel';
import {
  type FollowedTrustRoot,
  type FollowOptions,
  followPlace,
  followTrustRoot,
  followTufMirror,
  parseTrustRoot,
  publicGoodTrustRoot,
  publicGoodTrustRootDate,
  type TrustRootPlace,
} from '@vouchsafe/images';
import type { KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import type { Logger } from '../settings/logger.ts';
import type { OperatorSettings, TufSettings } from '../settings/operator-settings.ts';

export interface TrustRootContext {
  readonly version: string;
  readonly log: Logger;
  /** Told when another root counts. */
  readonly onChange: () => void;
  /** Milliseconds between looks at a file or an object. */
  readonly everyMs?: number;
}

type Opened = Pick<FollowedTrustRoot, 'current' | 'stop'>;

const dataKey = 'trusted_root.json';
const objectReference = /^(configmap|secret):\/\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/;
/** Milliseconds between looks at an object. */
const lookAtObjectMs = 30_000;
const askMs = 10_000;

/**
 * Whom images are judged by: a TUF mirror, inline JSON, a ConfigMap, a Secret, a file, or the built-in root. What can change
 * is followed, and the last good one counts. Rejects when there is none to begin with.
 */
export async function openTrustRoot(
  client: KubeClient,
  { trustedRoot: wanted, tuf }: Pick<OperatorSettings, 'trustedRoot' | 'tuf'>,
  context: TrustRootContext,
): Promise<Opened> {
  if (tuf !== undefined) return openTuf(tuf, context);
  if (wanted === undefined) {
    context.log.info({ date: publicGoodTrustRootDate }, 'the trust root is the public-good one as it is built in');
    return { current: publicGoodTrustRoot, stop: () => {} };
  }
  if (wanted.trimStart().startsWith('{')) {
    const parsed = parseTrustRoot(wanted);
    if (!parsed.ok) throw new Error(`--trustedRoot: ${parsed.message}`);
    return { current: () => parsed.root, stop: () => {} };
  }
  const [, kind, namespace = '', name = ''] = objectReference.exec(wanted) ?? [];
  const options = followOptions(wanted, context);
  const followed =
    kind === 'configmap' || kind === 'secret'
      ? await followPlace(placeOf(client, kind, namespace, name), { everyMs: lookAtObjectMs, ...options })
      : await followTrustRoot(wanted, options);
  if (!followed.ok) throw new Error(`--trustedRoot ${wanted}: ${followed.message}`);
  return followed;
}

function followOptions(source: string, { log, onChange, everyMs }: TrustRootContext): FollowOptions {
  return {
    ...(everyMs === undefined ? {} : { everyMs }),
    onChange() {
      log.info({ source }, 'the trust root changed');
      onChange();
    },
    onProblem: (error) => log.warn({ source, error }, 'the trust root cannot be used; the last one counts'),
  };
}

async function openTuf({ mirror, rootFile, rootRaw, folder }: TufSettings, context: TrustRootContext): Promise<Opened> {
  const root = rootRaw ?? (rootFile === undefined ? undefined : await readFile(rootFile, 'utf8'));
  const followed = await followTufMirror({
    mirror,
    userAgent: `vouchsafe/${context.version}`,
    ...(root === undefined ? {} : { root }),
    ...(folder === undefined ? {} : { folder }),
    ...followOptions(mirror, context),
  });
  if (!followed.ok) throw new Error(`--tufMirror: ${followed.message}`);
  return followed;
}

/** `trusted_root.json` of a ConfigMap or a Secret. */
function placeOf(client: KubeClient, kind: 'configmap' | 'secret', namespace: string, name: string): TrustRootPlace {
  const resource = { group: '', version: 'v1', resource: `${kind}s` } as const;
  const ask = async (): Promise<string | undefined> => {
    try {
      const object = await client.get(resource, { namespace, name }, { signal: AbortSignal.timeout(askMs) });
      const text = memberAt(jsonOf(object), 'data', dataKey);
      if (typeof text !== 'string') return undefined;
      return kind === 'secret' ? Buffer.from(text, 'base64').toString('utf8') : text;
    } catch {
      // Absent, denied and away are told alike: the last good root counts in each case.
      return undefined;
    }
  };
  let last: string | undefined;
  return {
    async state() {
      last = await ask();
      return last ?? '';
    },
    async read() {
      if (last !== undefined) return parseTrustRoot(last);
      return { ok: false, message: `\`${dataKey}\` cannot be read from the ${kind} \`${namespace}/${name}\`` };
    },
  };
}
