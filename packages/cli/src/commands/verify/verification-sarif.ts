import { createHash } from 'node:crypto';
import type { EvidenceFailure } from '@vouchsafe/engine/facts';
import { adviceFor } from '../../output/advice.ts';
import { VERSION } from '../../output/version.ts';
import type { VerifiedImage } from './render-verification.ts';

/**
 * SARIF 2.1.0: a rule for each reason, a result for each refusal of each image that is not verified, and a notification for
 * each image that could not be looked at.
 */
export function toVerificationSarif(results: readonly VerifiedImage[]): string {
  const refusals = results.flatMap(refusalsOf);
  const rules = [...new Set(refusals.map(({ failure }) => failure.reason))];
  const unknown = results.flatMap(({ image, fact }) => (fact.ok ? [] : [{ image, message: fact.message }]));
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'vouchsafe verify',
            version: VERSION,
            rules: rules.map((id) => ({
              id,
              shortDescription: { text: `an image is not vouched for: ${id}` },
              help: { text: adviceFor(id) },
              defaultConfiguration: { level: 'error' },
            })),
          },
        },
        invocations: [
          {
            executionSuccessful: unknown.length === 0,
            toolExecutionNotifications: unknown.map(({ image, message }) => ({
              level: 'error',
              message: { text: `${image}: ${message}` },
            })),
          },
        ],
        results: refusals.map(({ image, digest, failure }) => ({
          ruleId: failure.reason,
          ruleIndex: rules.indexOf(failure.reason),
          level: 'error',
          message: { text: `${image}: ${failure.message}` },
          locations: [{ logicalLocations: [{ fullyQualifiedName: `${image}@${digest}`, kind: 'resource' }] }],
          partialFingerprints: { 'verification/v1': fingerprint([image, failure.reason, failure.evidence ?? '']) },
        })),
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

interface Refusal {
  readonly image: string;
  readonly digest: string;
  readonly failure: EvidenceFailure;
}

function refusalsOf({ image, fact }: VerifiedImage): readonly Refusal[] {
  if (!fact.ok || fact.value.verified) return [];
  const { digest, sets } = fact.value;
  const failures = sets.flatMap(({ entries }) => entries.flatMap((entry) => entry.failures));
  return failures.map((failure) => ({ image, digest, failure }));
}

function fingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
