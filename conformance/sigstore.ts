import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTrustRoot, verifyArtifact } from '@vouchsafe/images';

/** One case of the corpus: a bundle about a file, and whether a client must accept it. */
interface SigstoreCase {
  readonly name: string;
  readonly expect: 'pass' | 'fail';
  readonly bundle: string;
  readonly artifact: string;
  readonly trustedRoot: string;
  readonly identity: string;
  readonly issuer: string;
  /** File with a public key, where the bundle was made with one. */
  readonly key?: string;
}

export interface SigstoreResult {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  /** Why each case was refused, by name: a refusal for the wrong reason is worth knowing. */
  readonly reasons: ReadonlyMap<string, string>;
}

/**
 * Runs the bundle verification cases of sigstore-conformance as packaged in `corpusFolder` (an `index.json` and the files it
 * names). Identity and issuer are matched exactly; no network is used.
 */
export async function runSigstore(corpusFolder: string): Promise<SigstoreResult> {
  const index: { readonly cases: readonly SigstoreCase[] } = JSON.parse(
    await readFile(join(corpusFolder, 'index.json'), 'utf8'),
  );
  const failures: { name: string; message: string }[] = [];
  const reasons = new Map<string, string>();
  for (const testCase of index.cases) {
    const refusal = await refusalOf(corpusFolder, testCase);
    if (refusal !== undefined) reasons.set(testCase.name, refusal);
    const isAsExpected = (refusal === undefined) === (testCase.expect === 'pass');
    if (!isAsExpected) failures.push({ name: testCase.name, message: refusal ?? 'accepted, and must not be' });
  }
  return { passed: index.cases.length - failures.length, failed: failures.length, failures, reasons };
}

/** Why the bundle is refused; undefined when it is accepted. */
async function refusalOf(folder: string, testCase: SigstoreCase): Promise<string | undefined> {
  const read = (path: string): Promise<Buffer> => readFile(join(folder, path));
  const root = parseTrustRoot((await read(testCase.trustedRoot)).toString('utf8'));
  if (!root.ok) return root.message;
  const publicKeys = testCase.key === undefined ? undefined : (await read(testCase.key)).toString('utf8');
  const attestor =
    publicKeys === undefined
      ? { keyless: { subject: testCase.identity, issuer: testCase.issuer } }
      : { keys: { publicKeys } };
  const verdict = await verifyArtifact(await read(testCase.bundle), await read(testCase.artifact), attestor, {
    trustRoot: root.root,
  });
  return verdict.ok ? undefined : `${verdict.failure.reason}: ${verdict.failure.message}`;
}
