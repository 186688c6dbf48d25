import { createHash } from 'node:crypto';
import { adviceFor } from '../../output/advice.ts';
import { VERSION } from '../../output/version.ts';
import type { Finding, ImageVerdict } from './image-verdict.ts';

/**
 * SARIF 2.1.0: a rule for each reason, a result for each refusal of each image that is not verified, and a notification for
 * each image that could not be looked at.
 */
export function toVerificationSarif(verdicts: readonly ImageVerdict[]): string {
  const refusals = verdicts.flatMap(refusalsOf);
  const rules = [...new Set(refusals.map(({ failure }) => failure.reason))];
  const unknown = verdicts
    .filter(({ status }) => status === 'unknown')
    .flatMap(({ image, findings }) => findings.map(({ message }) => ({ image, message })));
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
          locations: [
            {
              logicalLocations: [
                { fullyQualifiedName: digest === undefined ? image : `${image}@${digest}`, kind: 'resource' },
              ],
            },
          ],
          partialFingerprints: { 'verification/v1': fingerprint([image, failure.reason, failure.evidence ?? '']) },
        })),
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

interface Refusal {
  readonly image: string;
  readonly digest: string | undefined;
  readonly failure: Finding;
}

function refusalsOf({ image, status, digest, findings }: ImageVerdict): readonly Refusal[] {
  return status === 'refused' ? findings.map((failure) => ({ image, digest, failure })) : [];
}

function fingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
