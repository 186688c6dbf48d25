import type { Attestor, KeylessAttestor } from '@vouchsafe/engine/facts';
import { type SignKeylessOptions, signKeyless, signWithKey } from '../../sandbox/src/sigstore/sign-image.ts';
import type { SignatureDefects } from '../../sandbox/src/sigstore/signature-defects.ts';
import { byKey, createKey, pushFresh, type Rig, refusalOf, requestFor, startRig, verify } from './rig.ts';

export const issuer = 'https://token.actions.githubusercontent.com';
export const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main';
export const key = createKey();

export const by = (keyless: KeylessAttestor): Attestor => ({ keyless });
/** Whom signers are unless told otherwise. */
export const wanted = by({ issuer, subject });

/** What a signature was refused for; `verified` when it was not. */
type Refused = ReturnType<typeof refusalOf>;

export interface CosignTrials {
  readonly rig: Rig;
  /** Signs a fresh image keyless, verifies it, and says what it was refused for. */
  keyless(
    signing: Partial<SignKeylessOptions>,
    attestor?: Attestor,
    more?: Parameters<typeof requestFor>[2],
  ): Promise<Refused>;
  /** The same with `key`, logged. */
  key(defects: SignatureDefects, attestor?: Attestor): Promise<Refused>;
  stop(): Promise<void>;
}

export async function startCosignTrials(): Promise<CosignTrials> {
  const rig = await startRig();
  const { registry, sigstore, source } = rig;
  return {
    rig,
    async keyless(signing, attestor = wanted, more = {}) {
      const image = pushFresh(registry);
      signKeyless({ registry, image: image.name, sigstore, identity: { issuer, subject }, ...signing });
      return refusalOf(await verify(source, requestFor(image.reference, attestor, more)));
    },
    async key(defects, attestor = byKey(key.publicKey)) {
      const image = pushFresh(registry);
      signWithKey({ registry, image: image.name, key: key.privateKey, sigstore, log: 'v1', defects });
      return refusalOf(await verify(source, requestFor(image.reference, attestor)));
    },
    stop: () => rig.stop(),
  };
}
