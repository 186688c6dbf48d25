import type { Policy } from '@vouchsafe/engine';
import type { Attestor } from '@vouchsafe/engine/facts';
import { type Diagnostic, isJsonArray, type Json, memberAt } from '@vouchsafe/engine/kernel';
import { checkAttestor } from '@vouchsafe/images';

/** A text of an attestor: where it stands, and an attestor of it alone, to be looked at. */
type Part = readonly [place: readonly string[], toAttestor: (text: string) => Attestor];

const PARTS: readonly Part[] = [
  [['cosign', 'key', 'data'], (publicKeys) => ({ keys: { publicKeys } })],
  [['cosign', 'certificate', 'cert', 'value'], (cert) => ({ certificates: { cert } })],
  [['cosign', 'certificate', 'certChain', 'value'], (certChain) => ({ certificates: { certChain } })],
  [['cosign', 'keyless', 'roots'], (roots) => ({ keyless: { roots } })],
  [['cosign', 'ctlog', 'rekorPubKey'], (pubkey) => ({ keyless: { rekor: { pubkey } } })],
  [['cosign', 'ctlog', 'ctLogPubKey'], (pubkey) => ({ keyless: { ctlog: { pubkey } } })],
  [['cosign', 'ctlog', 'tsaCertChain'], (tsaCertChain) => ({ keyless: { ctlog: { tsaCertChain } } })],
  [['cosign', 'trustedRoot', 'value'], (trustedRoot) => ({ trustedRoot })],
  [['notary', 'certs', 'value'], (certChain) => ({ certificates: { certChain } })],
  [['notary', 'tsaCerts', 'value'], (certChain) => ({ certificates: { certChain } })],
];

const IDENTITY_PARTS: readonly Part[] = [
  [['subjectRegExp'], (subjectRegExp) => ({ keyless: { subjectRegExp } })],
  [['issuerRegExp'], (issuerRegExp) => ({ keyless: { issuerRegExp } })],
];

/** The same for ImageValidatingPolicies, whose attestors are written otherwise. What expressions give is not known here. */
export function diagnoseImagePolicy({ document }: Policy): readonly Diagnostic[] {
  return itemsOf(memberAt(document, 'spec', 'attestors')).flatMap((attestor, index) => {
    const path = `spec.attestors[${index}]`;
    const identities = itemsOf(memberAt(attestor, 'cosign', 'keyless', 'identities'));
    return [
      ...diagnoseParts(PARTS, attestor, path),
      ...identities.flatMap((identity, at) =>
        diagnoseParts(IDENTITY_PARTS, identity, `${path}.cosign.keyless.identities[${at}]`),
      ),
    ];
  });
}

function diagnoseParts(parts: readonly Part[], holder: Json, path: string): readonly Diagnostic[] {
  return parts.flatMap(([place, toAttestor]) => {
    const text = memberAt(holder, ...place);
    if (typeof text !== 'string') return [];
    return checkAttestor(toAttestor(text)).map(
      ({ message }): Diagnostic => ({
        code: place.at(-1)?.endsWith('RegExp') ? 'regexp-syntax' : 'key-material',
        severity: 'error',
        path: [path, ...place].join('.'),
        message,
      }),
    );
  });
}

function itemsOf(list: Json | undefined): readonly Json[] {
  return isJsonArray(list) ? list : [];
}
