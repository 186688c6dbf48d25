import type { CompileOptions } from '@vouchsafe/engine';
import { formatDiagnostic, type JsonObject } from '@vouchsafe/engine/kernel';
import type { RunnablePolicy } from '../../evaluation/evaluate-resource.ts';
import { preparePolicies } from '../../evaluation/prepare-policies.ts';
import { findFiles } from '../../inputs/find-files.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { createKindTable, type KindTable, kindOf } from '../../inputs/kind-table.ts';
import { loadPolicySet, type PolicySet } from '../../inputs/policy-set.ts';
import { readInputDocuments } from '../../inputs/read-documents.ts';
import { readOneDocument } from '../../inputs/read-one-document.ts';
import { isRepository, readSource } from '../../inputs/read-source.ts';
import { NO_HOST_SETTINGS, type RegistryAccessOptions } from '../../inputs/registry-access.ts';
import { type Requester, readUserInfo } from '../../inputs/user-info.ts';
import { globalOperation, NO_VALUES, readValues, type Values } from '../../inputs/values.ts';
import type { ApplySettings } from './apply-settings.ts';

/** A policy that is not evaluated, as the output lists it. */
export interface SkippedPolicy {
  readonly name: string;
  readonly reason: string;
}

/** Of both families. */
export type Exceptions = Required<Pick<CompileOptions, 'exceptions' | 'celExceptions'>>;

/** Everything but the resources. */
export interface ApplyInputs {
  readonly kinds: KindTable;
  readonly values: Values;
  readonly requester: Requester | undefined;
  readonly policySets: readonly PolicySet[];
  readonly exceptionsGiven: Exceptions;
}

/** Reads values, user and policies. Throws `InputProblem`. */
export async function loadApplyInputs(
  settings: ApplySettings,
  folder: string,
  env: RegistryAccessOptions['env'],
  cleanups: (() => Promise<void>)[],
): Promise<ApplyInputs> {
  const { userInfo, valuesFile } = settings;
  const readOne = (path: string) => readOneDocument(path, folder, (problem) => `failed to decode yaml (${problem})`);
  const requester = userInfo === '' ? undefined : readUserInfo(await readOne(userInfo), userInfo, 'accept');
  const values = valuesFile === '' ? NO_VALUES : readValues(await readOne(valuesFile), valuesFile);
  globalOperation(values);
  const policySets: PolicySet[] = [];
  const registries = { hosts: settings.registry?.hosts ?? NO_HOST_SETTINGS, env };
  for (const path of settings.policies) {
    policySets.push(await loadPolicies(path, settings, folder, registries, cleanups));
  }
  return {
    kinds: createKindTable(await loadDefinitions(settings.definitions, folder)),
    values,
    requester,
    policySets,
    exceptionsGiven: await loadExceptions(settings.exceptions, folder),
  };
}

async function loadPolicies(
  path: string,
  { git }: ApplySettings,
  folder: string,
  registries: RegistryAccessOptions,
  cleanups: (() => Promise<void>)[],
): Promise<PolicySet> {
  if (!isRepository(path)) return loadPolicySet([path], folder, registries);
  const { branch, ...credentials } = git;
  const { checkoutRepository } = await import('../../inputs/git.ts');
  const checkout = await checkoutRepository(path, branch, credentials);
  cleanups.push(checkout.remove);
  return loadPolicySet([checkout.folder], folder);
}

async function loadDefinitions(paths: readonly string[], folder: string): Promise<readonly JsonObject[]> {
  const definitions: JsonObject[] = [];
  for (const file of findFiles(paths, folder, { recursive: false })) {
    const { documents, problems } = readInputDocuments(await readSource(file, folder), file);
    const [problem] = problems;
    if (problem) throw new InputProblem(`failed to load definitions (${formatDiagnostic(problem)})`);
    definitions.push(...documents.map(({ object }) => object));
  }
  return definitions;
}

async function loadExceptions(paths: readonly string[], folder: string): Promise<Exceptions> {
  const set = await loadPolicySet(paths, folder);
  const [problem] = set.problems;
  const [other] = set.others;
  const [invalid] = set.invalid;
  if (problem) throw new InputProblem(`failed to load exceptions (${formatDiagnostic(problem)})`);
  if (invalid) throw new InputProblem(`failed to load exceptions (${invalid.name}: ${invalid.reason})`);
  if (!other) return { exceptions: set.exceptions, celExceptions: set.celExceptions };
  const { group, version, kind } = kindOf(other.object);
  throw new InputProblem(
    `failed to load exceptions (policy exception type not supported ${group}/${version}, Kind=${kind})`,
  );
}

/** What is evaluated, and what is not. */
export interface ApplyPolicies {
  readonly policies: readonly RunnablePolicy[];
  readonly skipped: readonly SkippedPolicy[];
  /** What is wrong and stops nothing. */
  readonly notes: readonly string[];
  /** Rules with those of autogen. */
  readonly ruleCount: number;
}

/** Compiles all policies with the exceptions in force. */
export function compileApplyPolicies(
  { policySets }: ApplyInputs,
  exceptions: Exceptions,
  resolveRequestVariables: boolean,
): ApplyPolicies {
  const prepared = preparePolicies(
    policySets.flatMap(({ policies }) => policies),
    { ...exceptions, bindings: policySets.flatMap(({ bindings }) => bindings) },
    resolveRequestVariables,
  );
  const { policies } = prepared;
  const unusable = [
    ...policySets.flatMap((set) => [...set.invalid, ...set.unsupported]),
    ...prepared.invalid,
    ...prepared.unsupported,
  ];
  const unreadable = policySets.flatMap(({ problems }) =>
    problems.map((problem) => ({ name: problem.range?.origin ?? 'policy', reason: formatDiagnostic(problem) })),
  );
  return {
    policies,
    skipped: [...unusable.map(({ name, reason }) => ({ name, reason })), ...unreadable],
    notes: [...policySets.flatMap(({ notes }) => notes), ...new Set(prepared.warnings.map(formatDiagnostic))],
    // Those in CEL count once, with all that autogen makes of them.
    ruleCount: policies.reduce(
      (count, { policy, compiled }) => count + (policy.family === 'cel' ? 1 : compiled.rules.length),
      0,
    ),
  };
}
