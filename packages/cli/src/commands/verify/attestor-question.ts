import type { Attestor, ImageVerificationRequest, ImageVerificationType } from '@vouchsafe/engine/facts';
import { type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { ImageUsageError, normaliseImage, readFlagFile, readKey } from '../../images/image-surroundings.ts';
import { splitPair } from '../../inputs/registry-access.ts';

/** Who must have signed, by the flags. Throws `ImageUsageError`. */
export function toAttestor(flags: FlagValues): Attestor {
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
  if (key !== undefined && isKeyless) throw new ImageUsageError('give either --key or an identity, not both');
  if (key !== undefined) return { keys: { publicKeys: readKey(key), ...rekor, ...ctlog } };
  const chain = textFlag(flags, 'certificateChain');
  if (!isKeyless && chain === undefined) {
    throw new ImageUsageError(
      'say who must have signed: --key, --policy, or --certificate-identity with --certificate-oidc-issuer',
    );
  }
  if (!isKeyless && chain !== undefined)
    return { certificates: { certChain: readFlagFile(chain, '--certificate-chain'), ...rekor, ...ctlog } };
  const hasSubject = 'subject' in identity || 'subjectRegExp' in identity;
  const hasIssuer = 'issuer' in identity || 'issuerRegExp' in identity;
  if (!hasSubject || !hasIssuer) {
    throw new ImageUsageError(
      'an identity is a subject and its issuer: anybody can get a certificate for a subject of an issuer of their own',
    );
  }
  const roots = chain === undefined ? {} : { roots: readFlagFile(chain, '--certificate-chain') };
  return { keyless: { ...identity, ...roots, ...rekor, ...ctlog } };
}

function member<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>); // one member of that name
}

type Questions = [ImageVerificationRequest, ...ImageVerificationRequest[]];

/** The questions about one image, of which one that holds suffices: one a format. Throws `ImageUsageError`. */
export function toRequests(image: string, attestor: Attestor, flags: FlagValues): Questions {
  const [first, ...others] = toTypes(textFlag(flags, 'type'), attestor);
  const request = toRequest(image, attestor, first, flags);
  return [request, ...others.map((type) => ({ ...request, type }))];
}

/** Without a type: whichever cosign wrote, and what the Notary Project signs where a certificate is asked for. */
function toTypes(
  type: string | undefined,
  { certificates }: Attestor,
): [ImageVerificationType, ...ImageVerificationType[]] {
  if (type === undefined) return ['Cosign', 'SigstoreBundle', ...(certificates ? ['Notary' as const] : [])];
  if (type === 'Cosign' || type === 'SigstoreBundle' || type === 'Notary') return [type];
  throw new ImageUsageError(`--type is Cosign, SigstoreBundle or Notary, not \`${type}\``);
}

function toRequest(
  image: string,
  attestor: Attestor,
  type: ImageVerificationType,
  flags: FlagValues,
): ImageVerificationRequest {
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
