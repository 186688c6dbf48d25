import { loadDocument, type Policy, rulesOf } from '@vouchsafe/engine';
import { type Diagnostic, formatDiagnostic, isError, memberAt } from '@vouchsafe/engine/kernel';
import { diagnoseAttestors } from '@vouchsafe/operator';
import { leftOutContainers } from '../../evaluation/left-out-containers.ts';
import { preparePolicies } from '../../evaluation/prepare-policies.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import { type LoadedText, MENTIONS_POLICIES, readPolicyTexts } from '../../inputs/policy-set.ts';
import { type InputDocument, readInputDocuments } from '../../inputs/read-documents.ts';
import { NO_HOST_SETTINGS } from '../../inputs/registry-access.ts';
import { unguardedLookups } from './unguarded-lookups.ts';

/**
 * Tells everything that the policy webhook would refuse or warn of, as far as it needs no cluster, loops that leave
 * containers out, and conditions about labels that need not be there. Exit codes: 0 nothing is wrong, 1 something is, 2 wrong use, 4 there is no policy.
 */
export async function lint(paths: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  try {
    const { texts, unreadable } = await readPolicyTexts(paths, io.cwd, { hosts: NO_HOST_SETTINGS, env: io.env });
    const found = texts.map(lintText);
    const diagnostics = [...unreadable, ...found.flatMap((one) => one.diagnostics)];
    const count = found.reduce((sum, one) => sum + one.policies, 0);
    const errors = diagnostics.filter(isError).length;
    io.stdout(
      textFlag(flags, 'output') === 'json'
        ? `${JSON.stringify(diagnostics, null, 2)}\n`
        : `${diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join('')}${summary(count, errors, diagnostics.length - errors)}\n`,
    );
    if (errors > 0 || (flags['strict'] === true && diagnostics.length > 0)) return EXIT.violations;
    return count === 0 ? EXIT.nothing : EXIT.ok;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.usage;
  }
}

function summary(policies: number, errors: number, warnings: number): string {
  const counted = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;
  return `${counted(policies, 'policy', 'policies')}: ${counted(errors, 'error', 'errors')}, ${counted(warnings, 'warning', 'warnings')}`;
}

interface Found {
  readonly policies: number;
  readonly diagnostics: readonly Diagnostic[];
}

function lintText({ text, origin, isNamed = false }: LoadedText): Found {
  if (!isNamed && !MENTIONS_POLICIES.test(text)) return { policies: 0, diagnostics: [] };
  const { documents, problems } = readInputDocuments(text, origin, 0, 'places');
  const found = documents.map(lintDocument);
  return {
    policies: found.reduce((sum, one) => sum + one.policies, 0),
    diagnostics: [...problems, ...found.flatMap((one) => one.diagnostics)],
  };
}

/** Exceptions and bindings are no policies, and checked as well; other documents are nobody's concern here. */
function lintDocument({ object, sources }: InputDocument): Found {
  const { policy, other, diagnostics } = loadDocument(object, sources, { submitted: true });
  if (other) return { policies: 0, diagnostics: [] };
  if (!policy) return { policies: diagnostics.some(isError) ? 1 : 0, diagnostics };
  const problems = [...compileProblems(policy), ...diagnoseAttestors(policy)];
  const found = problems.some(isError) ? problems : [...problems, ...containerProblems(policy), ...lookups(policy)];
  const placed = found.map((problem) => {
    const range = problem.range ?? sources(problem.path ?? '');
    return range ? { ...problem, range } : problem;
  });
  return { policies: 1, diagnostics: [...diagnostics, ...placed] };
}

/** Expressions above all; one that cannot be read is refused when the policy is submitted. */
function compileProblems(policy: Policy): readonly Diagnostic[] {
  const { invalid, warnings } = preparePolicies([policy], {});
  const unread = warnings.map((warning): Diagnostic => {
    return warning.code === 'jmespath-syntax' ? { ...warning, severity: 'error' } : warning;
  });
  const told = new Set<string>();
  // autogen repeats in its rules what is wrong in the one they are made of
  return [...invalid.flatMap(({ diagnostics }) => diagnostics), ...unread].filter(({ path = '' }) => {
    const isNew = !told.has(path);
    told.add(path);
    return isNew;
  });
}

function lookups({ family, document }: Policy): readonly Diagnostic[] {
  return family === 'legacy' ? unguardedLookups(memberAt(document, 'spec', 'rules'), 'spec.rules') : [];
}

const OF_EVERY_KIND =
  'name every kind of container: `request.object.spec.[initContainers, ephemeralContainers, containers][]`';
const OF_EACH_KIND = 'add a loop over each of them';

function containerProblems(policy: Policy): readonly Diagnostic[] {
  if (policy.family !== 'legacy') return [];
  return rulesOf(policy).flatMap((rule): readonly Diagnostic[] => {
    const { lists, fields } = leftOutContainers(rule);
    if (fields.length === 0) return [];
    return [
      {
        code: 'policy-invalid-value',
        severity: 'warning',
        message: `foreach over \`${lists.join('`, `')}\` leaves out ${fields.join(' and ')}`,
        path: `${rule.path}.${rule.validate ? 'validate' : 'mutate'}.foreach`,
        hint: rule.validate ? OF_EVERY_KIND : OF_EACH_KIND,
      },
    ];
  });
}
