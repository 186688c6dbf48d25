import type {
  Attestor,
  AttestorSet,
  CTLog,
  ImageVerificationType,
  KeyAttestor,
  KeylessAttestor,
  Rekor,
} from '../facts/attestor.ts';
import type { JsonObject } from '../kernel/json.ts';
import { toFailureAction } from './failure-action.ts';
import type { ImageVerificationEntry } from './policy.ts';
import {
  readFlag,
  readList,
  readNumber,
  readObject,
  readObjects,
  readText,
  readTextMap,
  readTexts,
} from './read-json.ts';

/**
 * One entry of `verifyImages` with the defaults of the CRD (kyverno-core §3.9). The deprecated `image`, `key`, `roots`,
 * `subject`, `issuer` become a reference and an attestor. With attestations the attestor signs those; Kyverno means that
 * too, but loses it on the way and then takes unsigned attestations.
 */
export function toImageVerificationEntry(entry: JsonObject): ImageVerificationEntry {
  const image = readText(entry, 'image');
  const legacy = legacyAttestors(entry);
  const written = readObjects(entry, 'attestations');
  const attestors = readObjects(entry, 'attestors').map((set) => toAttestorSet(set));
  const credentials = readObject(entry, 'imageRegistryCredentials');
  return {
    type: toType(readText(entry, 'type')),
    imageReferences: [...readTexts(entry, 'imageReferences'), ...(image ? [image] : [])],
    skipImageReferences: readTexts(entry, 'skipImageReferences'),
    failureAction: toFailureAction(readText(entry, 'failureAction')),
    attestors: written.length > 0 ? attestors : [...attestors, ...legacy],
    attestations: written.map((attestation) => toAttestation(attestation, legacy)),
    annotations: readTextMap(entry, 'annotations'),
    repository: readText(entry, 'repository') || undefined,
    cosignOCI11: readFlag(entry, 'cosignOCI11') ?? false,
    mutateDigest: readFlag(entry, 'mutateDigest') ?? true,
    verifyDigest: readFlag(entry, 'verifyDigest') ?? true,
    required: readFlag(entry, 'required') ?? true,
    useCache: readFlag(entry, 'useCache') ?? true,
    imageRegistryCredentials: {
      allowInsecureRegistry: readFlag(credentials, 'allowInsecureRegistry') ?? false,
      providers: readTexts(credentials, 'providers'),
      secrets: readTexts(credentials, 'secrets'),
    },
    validate: readObject(entry, 'validate'),
  };
}

function toType(text: string | undefined): ImageVerificationType {
  return text === 'SigstoreBundle' || text === 'Notary' ? text : 'Cosign';
}

function toAttestation(
  attestation: JsonObject,
  legacy: readonly AttestorSet[],
): ImageVerificationEntry['attestations'][number] {
  const name = readText(attestation, 'name');
  return {
    ...(name ? { name } : {}),
    type: readText(attestation, 'type') || readText(attestation, 'predicateType') || '',
    attestors: [...readObjects(attestation, 'attestors').map((set) => toAttestorSet(set)), ...legacy],
    conditions: readList(attestation, 'conditions'),
  };
}

function legacyAttestors(entry: JsonObject): AttestorSet[] {
  const key = readText(entry, 'key');
  const issuer = readText(entry, 'issuer');
  const subject = readText(entry, 'subject');
  const roots = readText(entry, 'roots');
  if (key) return [{ entries: [{ keys: { publicKeys: key } }] }];
  if (!issuer && !subject && !roots) return [];
  return [
    {
      entries: [
        {
          keyless: {
            ...(issuer ? { issuer } : {}),
            ...(subject ? { subject } : {}),
            ...(roots ? { roots } : {}),
            additionalExtensions: readTextMap(entry, 'additionalExtensions'),
          },
        },
      ],
    },
  ];
}

/** How deep attestors may be nested; a deeper set reads as one that nothing satisfies. */
const NESTING = 8;

/** A set of `attestors`; `depth` counts the sets around it. */
export function toAttestorSet(set: JsonObject, depth = 0): AttestorSet {
  const count = readNumber(set, 'count');
  const entries = readObjects(set, 'entries').map((entry) => toAttestor(entry, depth));
  return { ...(count ? { count } : {}), entries };
}

function toAttestor(entry: JsonObject, depth: number): Attestor {
  const keys = readObject(entry, 'keys');
  const certificates = readObject(entry, 'certificates');
  const keyless = readObject(entry, 'keyless');
  const nested = readObject(entry, 'attestor');
  const repository = readText(entry, 'repository');
  const signatureAlgorithm = readText(entry, 'signatureAlgorithm');
  return {
    ...(keys ? { keys: toKeys(keys) } : {}),
    ...(certificates
      ? { certificates: { ...pickTexts(certificates, ['cert', 'certChain']), ...toLogs(certificates) } }
      : {}),
    ...(keyless ? { keyless: toKeyless(keyless) } : {}),
    ...(nested ? { attestor: depth < NESTING ? toAttestorSet(nested, depth + 1) : UNSATISFIABLE } : {}),
    ...(Object.hasOwn(entry, 'annotations') ? { annotations: readTextMap(entry, 'annotations') } : {}),
    ...(repository ? { repository } : {}),
    ...(signatureAlgorithm ? { signatureAlgorithm } : {}),
  };
}

const UNSATISFIABLE: AttestorSet = { count: 1, entries: [] };

function toKeys(keys: JsonObject): KeyAttestor {
  const secret = readObject(keys, 'secret');
  return {
    ...pickTexts(keys, ['publicKeys', 'kms', 'signatureAlgorithm']),
    ...(secret
      ? { secret: { name: readText(secret, 'name') ?? '', namespace: readText(secret, 'namespace') ?? '' } }
      : {}),
    ...toLogs(keys),
  };
}

function toKeyless(keyless: JsonObject): KeylessAttestor {
  return {
    ...pickTexts(keyless, ['issuer', 'issuerRegExp', 'subject', 'subjectRegExp', 'roots']),
    ...(Object.hasOwn(keyless, 'additionalExtensions')
      ? { additionalExtensions: readTextMap(keyless, 'additionalExtensions') }
      : {}),
    ...toLogs(keyless),
  };
}

function toLogs(attestor: JsonObject): { readonly rekor?: Rekor; readonly ctlog?: CTLog } {
  const rekor = readObject(attestor, 'rekor');
  const ctlog = readObject(attestor, 'ctlog');
  return {
    ...(rekor ? { rekor: { ...pickTexts(rekor, ['url', 'pubkey']), ...pickFlag(rekor, 'ignoreTlog') } } : {}),
    ...(ctlog ? { ctlog: { ...pickTexts(ctlog, ['pubkey', 'tsaCertChain']), ...pickFlag(ctlog, 'ignoreSCT') } } : {}),
  };
}

/** Texts that are given and not empty. */
function pickTexts<Key extends string>(object: JsonObject, keys: readonly Key[]): Partial<Record<Key, string>> {
  const picked: Partial<Record<Key, string>> = {};
  for (const key of keys) {
    const text = readText(object, key);
    if (text) picked[key] = text;
  }
  return picked;
}

function pickFlag<Key extends string>(object: JsonObject, key: Key): Partial<Record<Key, boolean>> {
  const flag = readFlag(object, key);
  const picked: Partial<Record<Key, boolean>> = {};
  if (flag !== undefined) picked[key] = flag;
  return picked;
}
