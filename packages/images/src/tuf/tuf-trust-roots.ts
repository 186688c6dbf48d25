import type { TufRepository } from '@vouchsafe/engine/facts';
import type { Environment } from '../registry/environment.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { untilAborted } from '../registry/until-aborted.ts';
import type { FollowedTrustRoot } from '../trust/follow-trust-root.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import { followTufMirror, publicGoodMirror } from './follow-tuf-mirror.ts';

/** The trust roots of the TUF repositories that attestors name, each followed from when it is first asked for. */
export interface TufTrustRoots {
  /** Rejects with `RegistryFailure` (`transient`) when the repository gives none, and may be asked again. */
  current(repository: TufRepository, signal: AbortSignal): Promise<TrustRoot>;
  stop(): void;
}

/** Policies name one or two; more than these are refused. */
const maximumRepositories = 16;

export function createTufTrustRoots(options: {
  readonly userAgent: string;
  readonly environment: Environment;
  /** Whether an operator of this process named the host: only then may it be a loopback address. */
  readonly isMapped: (host: string) => boolean;
}): TufTrustRoots {
  const followed = new Map<string, Promise<FollowedTrustRoot>>();

  async function follow({ mirror = publicGoodMirror, root }: TufRepository): Promise<FollowedTrustRoot> {
    const named = root === undefined ? { mirror } : { mirror, root };
    const { userAgent, environment, isMapped } = options;
    const mayBeLoopback = isMapped(URL.parse(mirror)?.host ?? '');
    const started = await followTufMirror({ userAgent, environment, mayBeLoopback, ...named });
    if (!started.ok) throw new RegistryFailure('transient', started.message);
    return started;
  }

  return {
    async current(repository, signal) {
      const key = JSON.stringify([repository.mirror, repository.root]);
      let known = followed.get(key);
      if (known === undefined) {
        if (followed.size >= maximumRepositories) {
          throw new RegistryFailure('permanent', `attestors name more than ${maximumRepositories} TUF repositories`);
        }
        known = follow(repository);
        followed.set(key, known);
        known.catch(() => followed.delete(key));
      }
      return (await untilAborted(known, 'the trust root of the TUF repository', signal)).current();
    },
    stop() {
      for (const one of followed.values()) one.then(({ stop }) => stop()).catch(() => undefined);
      followed.clear();
    },
  };
}
