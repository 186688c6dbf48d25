import type { EvidenceReason } from '@vouchsafe/engine/facts';

const ADVICE: Readonly<Record<EvidenceReason, string>> = {
  unsigned: 'sign the image in the build that makes it, or take one that is signed',
  'other-format':
    'ask for the format the image is signed in (`type` of the rule, `--type` of the command), or sign it in the wanted one',
  'wrong-identity':
    'if this signer is to be trusted, add it to the policy’s attestors; if not, somebody else signed your image',
  'certificate-time': 'sign again: the certificate was not valid when the signature was made',
  'certificate-chain': 'check the trust root: the certificate is of an authority it does not name',
  'no-log-entry': 'sign with the transparency log, or set `rekor.ignoreTlog` if you run without one',
  'bad-signature':
    'check that this is the key it is signed with; if it is, treat the image as tampered with: the signature is not over these bytes',
  'annotation-mismatch': 'sign with the annotations that the policy asks for',
  'registry-unreachable': 'try again when the registry answers; nothing was decided about the image',
  'registry-denied': 'give the operator credentials for the registry: imageRegistryCredentials or imagePullSecrets',
  'timed-out': 'try again; if it stays slow raise webhookConfiguration.timeoutSeconds',
  'invalid-attestor': 'mend the attestor in the policy: its key or certificate cannot be used',
};

/** Reasons that are no evidence's. */
const FURTHER: ReadonlyMap<string, string> = new Map([
  ['not-found', 'check the name of the image, its tag, and the registry'],
  ['unmatched', 'add a rule about images of this name, or check the pattern of the one that is meant'],
]);

/** What a person can do about one kind of refusal. */
export function adviceFor(reason: string): string {
  if (Object.hasOwn(ADVICE, reason)) return ADVICE[reason as EvidenceReason]; // an own key of the table
  return FURTHER.get(reason) ?? 'see the message';
}
