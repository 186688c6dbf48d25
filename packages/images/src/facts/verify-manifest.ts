import type {
  Attestor,
  EvidenceFailure,
  ManifestVerification,
  ManifestVerificationRequest,
  SignedMessage,
  SignedMessageRequest,
} from '@vouchsafe/engine/facts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { judgeWithEd25519ph } from '../trust/ed25519ph.ts';
import { attempt, Refusal } from '../trust/refusal.ts';
import { judgeManifestSignature } from '../verifiers/manifest/judge-manifest-signature.ts';
import { unpackMessage } from '../verifiers/manifest/unpack-message.ts';
import { nearestFirst } from '../verifiers/verifier.ts';
import { type AttestorVerdict, isSatisfied, judgeSet } from './attestor-sets.ts';
import { type AttestorContext, resolveAttestor } from './resolve-attestor.ts';

/** What a signed message holds. Throws `RegistryFailure` (`permanent`) for one that cannot be unpacked. */
export function readSignedMessage({ message }: SignedMessageRequest): SignedMessage {
  const unpacked = attempt(() => unpackMessage(message));
  if (!unpacked.ok) throw new RegistryFailure('permanent', unpacked.failure.message);
  return { manifests: unpacked.value.manifests };
}

/**
 * Judges the signatures an object carries by the attestors of `validate.manifests`. Any of the signatures may satisfy an
 * entry. Throws `RegistryFailure` when a key kept elsewhere cannot be had at the moment.
 */
export async function verifyManifest(
  request: ManifestVerificationRequest,
  context: Omit<AttestorContext, 'annotations'>,
  now: number,
): Promise<ManifestVerification> {
  const judge = async (entry: Attestor | undefined): Promise<AttestorVerdict> => {
    if (entry === undefined) throw new Refusal('invalid-attestor', 'there is no attestor');
    checkEntry(entry, request.annotations);
    const attestor = await resolveAttestor(withoutLogs(entry), { ...context, annotations: {} });
    const failures: EvidenceFailure[] = [];
    for (const signature of request.signatures) {
      const judged = await judgeWithEd25519ph(() => attempt(() => judgeManifestSignature(signature, attestor, now)));
      if (judged.ok) return { verified: true, signer: judged.value.signer, statements: [] };
      failures.push(judged.failure);
    }
    const none: EvidenceFailure = { reason: 'unsigned', message: 'no signatures found' };
    return { verified: false, failures: failures.length > 0 ? nearestFirst(failures) : [none] };
  };
  const sets = [];
  for (const [index, set] of request.attestors.entries()) {
    sets.push((await judgeSet(set, `.attestors[${index}]`, judge)).outcome);
  }
  return { verified: sets.length > 0 && sets.every(isSatisfied), sets };
}

function checkEntry({ annotations, repository }: Attestor, own: ManifestVerificationRequest['annotations']): void {
  if (repository) {
    throw new Refusal('invalid-attestor', 'signatures of manifests are not looked for in a `repository`');
  }
  for (const [name, wanted] of Object.entries(annotations ?? {})) {
    const got = Object.hasOwn(own, name) ? (own[name] ?? '') : '';
    if (got === wanted) continue;
    throw new Refusal('annotation-mismatch', `annotations mismatch: ${got} does not match ${wanted} for key ${name}`, {
      wanted,
      got,
    });
  }
}

/**
 * A signature in an annotation by a key or a certificate of the policy needs no log, as upstream; unless the policy says
 * `ignoreTlog: false`. A keyless one always does.
 */
function withoutLogs(entry: Attestor): Attestor {
  const { keys, certificates } = entry;
  const loose = <Signer extends NonNullable<typeof keys | typeof certificates>>(signer: Signer): Signer => ({
    ...signer,
    rekor: { ignoreTlog: true, ...signer.rekor },
    ctlog: { ignoreSCT: true, ...signer.ctlog },
  });
  return {
    ...entry,
    ...(keys === undefined ? {} : { keys: loose(keys) }),
    ...(certificates === undefined ? {} : { certificates: loose(certificates) }),
  };
}
