import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CHAINSAW_SECTION } from './chainsaw/chainsaw-section.ts';
import { REGISTRY_SECTIONS } from './registry/registry-section.ts';
import { recordingsOf, SANDBOX_SECTIONS } from './sandbox/sandbox-sections.ts';
import type { CaseFailure, RunOptions, Section, SectionReport } from './section.ts';

/** The sets of data that judge one part of the product each. A runner that is not there leaves its cases not run. */
export const DATA_SECTIONS: readonly Section[] = [
  {
    name: 'jmespath, standard',
    selector: 'jmespath',
    size: 892,
    run: (options) => runJmesPathSet('standard', options),
  },
  {
    name: 'jmespath, dialect of the engine',
    selector: 'jmespath',
    size: 862,
    run: (options) => runJmesPathSet('kyverno-fork', options),
  },
  { name: 'json-patch', selector: 'json-patch', size: 60, run: runJsonPatchSet },
  { name: 'pod-security', selector: 'pod-security', size: 3140, run: runPodSecuritySet },
  { name: 'sigstore', selector: 'sigstore', size: 49, run: runSigstoreSet },
  { name: 'cel-spec', selector: 'cel-spec', size: 2279, run: runCelSpec },
  { name: 'admission policies', selector: 'admission-policies', size: 6, run: runAdmissionPolicySet },
  ...SANDBOX_SECTIONS,
  CHAINSAW_SECTION,
  ...REGISTRY_SECTIONS,
];

/** The folder of a set below the corpus; `undefined` when it or the runner is missing. */
function setFolder({ corpus }: RunOptions, runner: string, ...path: readonly string[]): string | undefined {
  if (corpus === undefined || !existsSync(new URL(runner, import.meta.url))) return undefined;
  const folder = join(corpus, ...path);
  return existsSync(folder) ? folder : undefined;
}

function report(
  passed: number,
  failures: readonly CaseFailure[],
  { only }: RunOptions,
  figures: readonly string[] = [],
): SectionReport {
  return { passed, failures: failures.filter(({ id }) => only === undefined || id.includes(only)), notRun: 0, figures };
}

async function runJmesPathSet(dialect: string, options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './jmespath.ts', 'jmespath', dialect);
  if (folder === undefined) return undefined;
  const { runJmesPath } = await import('./jmespath.ts');
  const { passed, failures } = runJmesPath(folder);
  const cases = failures.map(({ file, expression, expected, received }) => ({
    id: `jmespath:${dialect}/${file}:${expression}`,
    detail: `expected ${expected}, got ${received}`,
  }));
  return report(passed, cases, options);
}

async function runJsonPatchSet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './json-patch.ts', 'json-patch');
  if (folder === undefined) return undefined;
  const { runJsonPatch } = await import('./json-patch.ts');
  const { passed, failures } = runJsonPatch(folder);
  const cases = failures.map(({ file, comment, expected, received }) => ({
    id: `json-patch:${file}:${comment}`,
    detail: `expected ${expected}, got ${received}`,
  }));
  return report(passed, cases, options);
}

async function runPodSecuritySet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './pod-security.ts', 'pod-security');
  if (folder === undefined) return undefined;
  const { runPodSecurity } = await import('./pod-security.ts');
  const { passed, failures } = runPodSecurity(folder);
  const cases = failures.map((line) => ({ id: `pod-security:${line.split(': ')[0] ?? line}`, detail: line }));
  return report(passed, cases, options);
}

async function runSigstoreSet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './sigstore.ts', 'sigstore');
  if (folder === undefined) return undefined;
  const { runSigstore } = await import('./sigstore.ts');
  const { passed, failures } = await runSigstore(folder);
  const cases = failures.map(({ name, message }) => ({ id: `sigstore:${name}`, detail: message }));
  return report(passed, cases, options);
}

async function runCelSpec(options: RunOptions): Promise<SectionReport | undefined> {
  // Its data are a package, not a part of the corpus.
  const { runCelSpec: run } = await import('./cel-spec.ts');
  const { passed, failures, skipped } = run();
  const cases = failures.map(({ section, name, expression, expected, received }) => ({
    id: `cel-spec:${section}/${name}`,
    detail: `${expression}: expected ${expected}, got ${received}`,
  }));
  const left = Object.entries(skipped).map(([reason, count]) => `left out: ${count} (${reason})`);
  return report(passed, cases, options, left);
}

async function runAdmissionPolicySet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = recordingsOf(options);
  if (folder === undefined) return undefined;
  const { runAdmissionPolicies } = await import('./admission-policies.ts');
  const { passed, failures } = await runAdmissionPolicies(folder);
  const cases = failures.map(({ name, message }) => ({ id: `admission-policies:${name}`, detail: message }));
  return report(passed, cases, options);
}
