import { type SignKeylessOptions, signKeyless, type TokenRequest } from '@vouchsafe/sandbox/sigstore';
import type { DifferentialCase, Workshop } from './differential-case.ts';
import { scanType } from './key-cases.ts';

export const workflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main';
export const githubIssuer = 'https://token.actions.githubusercontent.com';
export const github: TokenRequest = {
  issuer: githubIssuer,
  subject: 'repo:acme/app:ref:refs/heads/main',
  claims: {
    job_workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main',
    repository: 'acme/app',
    ref: 'refs/heads/main',
    event_name: 'push',
    run_id: '77',
  },
};
const mail: TokenRequest = { issuer: 'https://accounts.example.test', email: 'dev+ci@example.test' };

export const keylessForms = [
  { format: 'legacy', log: 'v1', timestamp: false },
  { format: 'legacy', log: 'v1', timestamp: true },
  { format: 'bundle', log: 'v1', timestamp: false },
  { format: 'bundle', log: 'v1', timestamp: true },
  { format: 'bundle', log: 'v2', timestamp: true },
] as const;

export type KeylessForm = (typeof keylessForms)[number];

/** Who signs, whom the policy wants, and whether they are the same. */
const identities = [
  { name: 'workflow', token: github, subject: workflow, issuer: githubIssuer, intended: 'accept' },
  { name: 'other-branch', token: github, subject: `${workflow}-2`, issuer: githubIssuer, intended: 'refuse' },
  { name: 'shorter-subject', token: github, subject: workflow.slice(0, -1), issuer: githubIssuer, intended: 'refuse' },
  { name: 'other-issuer', token: github, subject: workflow, issuer: 'https://issuer.example', intended: 'refuse' },
  { name: 'longer-issuer', token: github, subject: workflow, issuer: `${githubIssuer}/x`, intended: 'refuse' },
  { name: 'mail', token: mail, subject: mail.email ?? '', issuer: mail.issuer ?? '', intended: 'accept' },
  { name: 'other-mail', token: mail, subject: 'dev@example.test', issuer: mail.issuer ?? '', intended: 'refuse' },
  {
    name: 'expression',
    token: github,
    subject: '^https://github\\.com/acme/.+@refs/heads/main$',
    issuer: '^https://token\\.actions\\.githubusercontent\\.com$',
    isExpression: true,
    intended: 'accept',
  },
  {
    name: 'other-expression',
    token: github,
    subject: '^https://github\\.com/acme/.+@refs/tags/',
    issuer: '^https://token\\.actions\\.githubusercontent\\.com$',
    isExpression: true,
    intended: 'refuse',
  },
] as const;

/** The question for a signature without a key, in one form. */
export function keylessQuestion(
  form: KeylessForm,
  wanted: { subject: string; issuer: string; isExpression?: boolean },
): DifferentialCase['question'] {
  const { subject, issuer, isExpression = false } = wanted;
  return {
    signer: { kind: 'identity', subject, issuer, isExpression },
    isLogWanted: true,
    isTimeStampWanted: form.timestamp,
  };
}

/** Certificates instead of keys: kinds of keys, formats and identities, for signatures and attestations. */
export function keylessCases({ registry, sigstore }: Workshop): DifferentialCase[] {
  const rows: DifferentialCase[] = [];
  const add = (
    name: string,
    form: KeylessForm,
    identity: (typeof identities)[number],
    more: Partial<SignKeylessOptions>,
  ) => {
    const { attestation } = more;
    const question = keylessQuestion(form, identity);
    rows.push({
      name: `keyless/${name}/${form.format}/log-${form.log}/${form.timestamp ? 'stamped' : 'unstamped'}/${attestation ? 'attestation' : 'signature'}/${identity.name}`,
      type: form.format === 'legacy' ? 'Cosign' : 'SigstoreBundle',
      intended: identity.intended,
      question: attestation === undefined ? question : { ...question, predicateType: attestation.predicateType },
      sign: (image) => signKeyless({ registry, image, sigstore, identity: identity.token, ...form, ...more }),
    });
  };
  const scan = { predicateType: scanType, predicate: { passed: true } };
  for (const form of keylessForms) {
    for (const identity of identities) {
      add('ecdsa-p256', form, identity, {});
      add('ecdsa-p256', form, identity, { attestation: scan });
    }
    for (const keyAlgorithm of ['ecdsa-p384', 'ecdsa-p521', 'rsa-2048', 'ed25519'] as const) {
      for (const identity of identities.slice(0, 2)) add(keyAlgorithm, form, identity, { keyAlgorithm });
    }
  }
  const [bundleForm] = keylessForms.filter(({ format }) => format === 'bundle');
  const [honest] = identities;
  if (bundleForm === undefined) return rows;
  for (const bundleVersion of ['0.1', '0.2'] as const)
    add(`bundle-${bundleVersion}`, bundleForm, honest, { bundleVersion });
  const [legacyForm] = keylessForms;
  add('intoto-entry', legacyForm, honest, { attestation: { ...scan, entry: 'intoto' } });
  return rows;
}
