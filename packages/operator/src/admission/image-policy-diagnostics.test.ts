import { loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { diagnoseAttestors } from './attestor-diagnostics.ts';

const BROKEN = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----';
const PLACE = 'spec.attestors[0]';

function problems(attestor: JsonObject): readonly string[] {
  const { policy, diagnostics } = loadPolicy({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'p' },
    spec: { attestors: [{ name: 'a', ...attestor }], validations: [{ expression: 'true' }] },
  });
  if (!policy) throw new Error(JSON.stringify(diagnostics));
  return diagnoseAttestors(policy).map(({ path, code }) => `${path} ${code}`);
}

describe('what can never verify an image is told when a policy is submitted', () => {
  it.each<[string, JsonObject, readonly string[]]>([
    ['a key', { cosign: { key: { data: BROKEN } } }, [`${PLACE}.cosign.key.data key-material`]],
    ['a reference in place of a key', { cosign: { key: { kms: 'awskms:///alias/a' } } }, []],
    ['a key that CEL gives', { cosign: { key: { expression: 'object.a' } } }, []],
    [
      'a certificate and its chain',
      { cosign: { certificate: { cert: { value: 'x' }, certChain: { value: 'y' } } } },
      [
        `${PLACE}.cosign.certificate.cert.value key-material`,
        `${PLACE}.cosign.certificate.certChain.value key-material`,
      ],
    ],
    [
      'expressions of identities, roots and logs',
      {
        cosign: {
          keyless: { identities: [{ subject: 'a' }, { subjectRegExp: '(', issuerRegExp: '[' }], roots: 'x' },
          ctlog: { rekorPubKey: 'x', ctLogPubKey: 'x', tsaCertChain: 'x' },
        },
      },
      [
        `${PLACE}.cosign.keyless.roots key-material`,
        `${PLACE}.cosign.ctlog.rekorPubKey key-material`,
        `${PLACE}.cosign.ctlog.ctLogPubKey key-material`,
        `${PLACE}.cosign.ctlog.tsaCertChain key-material`,
        `${PLACE}.cosign.keyless.identities[1].subjectRegExp regexp-syntax`,
        `${PLACE}.cosign.keyless.identities[1].issuerRegExp regexp-syntax`,
      ],
    ],
    [
      'a trust root',
      { cosign: { keyless: { identities: [{ subject: 'a' }] }, trustedRoot: { value: '{"tlogs": 1}' } } },
      [`${PLACE}.cosign.trustedRoot.value key-material`],
    ],
    [
      'certificates of the Notary Project',
      { notary: { certs: { value: 'x' }, tsaCerts: { value: 'y' } } },
      [`${PLACE}.notary.certs.value key-material`, `${PLACE}.notary.tsaCerts.value key-material`],
    ],
  ])('%s', (_name, attestor, wanted) => {
    expect(problems(attestor)).toEqual(wanted);
  });
});
