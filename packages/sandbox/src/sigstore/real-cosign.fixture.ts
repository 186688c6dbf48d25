import { expect } from 'vitest';
import { findTool } from '../../../../tools/tool-paths.ts';
import { type CosignOutcome, type RealCosign, startRealCosign } from './real-cosign.ts';
import type { TokenRequest } from './start-sigstore.ts';

/** Runs only where `npm run tools` has fetched both programs; everything else in this repository works without them. */
const tools = { 2: findTool('cosign-2'), 3: findTool('cosign-3') };

/** Which program is missing, and how to get it; undefined when both are there. */
export const missingCosign: string | undefined = [tools[2], tools[3]].flatMap((tool) =>
  'missing' in tool ? [tool.missing] : [],
)[0];

/** Undefined where a program is missing. */
export async function startCosignOfTools(): Promise<RealCosign | undefined> {
  if ('missing' in tools[2] || 'missing' in tools[3]) return undefined;
  return startRealCosign({ 2: tools[2].path, 3: tools[3].path });
}

const WORKFLOW = 'acme/app/.github/workflows/release.yml@refs/heads/main';
/** The workflow that signs. */
export const GITHUB: TokenRequest = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'repo:acme/app:ref:refs/heads/main',
  claims: {
    job_workflow_ref: WORKFLOW,
    repository: 'acme/app',
    ref: 'refs/heads/main',
    event_name: 'push',
    run_id: '77',
  },
};
/** Flags that ask for its signature. */
export const IDENTITY = [
  '--certificate-identity',
  `https://github.com/${WORKFLOW}`,
  '--certificate-oidc-issuer',
  'https://token.actions.githubusercontent.com',
];

export async function expectAccepted(run: Promise<CosignOutcome>): Promise<void> {
  const { isAccepted, output } = await run;
  expect(isAccepted, output).toBe(true);
}

export async function expectRefused(run: Promise<CosignOutcome>, because: RegExp): Promise<void> {
  const { isAccepted, output } = await run;
  expect(isAccepted, output).toBe(false);
  expect(output).toMatch(because);
}
