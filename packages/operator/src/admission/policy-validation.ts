import { type CompiledPolicy, type Engine, loadPolicy, type Policy } from '@vouchsafe/engine';
import { type Diagnostic, isError, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { parseEntry } from '../global-context/parse-entry.ts';
import { diagnoseAttestors } from './attestor-diagnostics.ts';
import { diagnoseGenerateUpdate, warnOfVariableSources } from './generate-update.ts';
import { diagnoseKinds } from './kind-diagnostics.ts';
import { type CanI, diagnosePermissions } from './permission-diagnostics.ts';
import type { AdmissionAnswer, AdmissionRequest } from './review.ts';
import { diagnoseScopes } from './scope-diagnostics.ts';

export interface PolicyValidationOptions {
  readonly engine: Engine;
  /** What the API server serves; kinds are not looked up without it. */
  readonly discovery?: Parameters<typeof diagnoseKinds>[1];
  /** What we may do in the cluster; permissions are not asked about without it. */
  readonly canI?: CanI;
  readonly auditMutateDigest: 'warn' | 'refuse';
  /** What the cluster around the policy makes of it. */
  readonly warningsFor?: (policy: CompiledPolicy) => readonly string[];
}

export interface ExceptionValidationOptions {
  readonly isEnabled: boolean;
  /** `*` for all; empty for none. */
  readonly namespace: string;
}

/** Problems shown in one refusal at most; a policy with more has a deeper one. */
const MAX_SHOWN = 20;

/**
 * Answers whether a policy may be created or changed: every problem at once, each with its path. Going away is always
 * allowed, whatever state the policy is in: DELETE, and the removal of finalizers that follows it.
 */
export async function validatePolicy(
  request: AdmissionRequest,
  options: PolicyValidationOptions,
): Promise<AdmissionAnswer> {
  const document = submittedOf(request);
  if (!document) return { allowed: true };
  const { diagnostics, compiled } = await diagnosePolicy(document, options);
  const ofUpdate =
    compiled && request.operation === 'UPDATE' ? diagnoseGenerateUpdate(request.oldObject, document) : [];
  const answer = toAnswer([...ofUpdate, ...diagnostics, ...warnOfVariableSources(document)]);
  const around = compiled && answer.allowed ? (options.warningsFor?.(compiled) ?? []) : [];
  return { ...answer, warnings: [...(answer.warnings ?? []), ...around] };
}

function submittedOf({ operation, subresource, object }: AdmissionRequest): JsonObject | undefined {
  if (operation === 'DELETE' || subresource !== '' || !object) return undefined;
  return memberAt(object, 'metadata', 'deletionTimestamp') === undefined ? object : undefined;
}

async function diagnosePolicy(
  document: JsonObject,
  { engine, auditMutateDigest, discovery, canI }: PolicyValidationOptions,
): Promise<{ readonly diagnostics: readonly Diagnostic[]; readonly compiled?: CompiledPolicy | undefined }> {
  const loaded = loadPolicy(document, undefined, { auditMutateDigest, deprecations: true, submitted: true });
  if (!loaded.policy || loaded.diagnostics.some(isError)) {
    return { diagnostics: loaded.diagnostics };
  }
  const { diagnostics, compiled } = engine.compile(loaded.policy);
  // What cannot be asked now does not keep a policy out.
  const ofKinds = discovery ? await diagnoseServed(loaded.policy, discovery, canI).catch(() => []) : [];
  const all = [...loaded.diagnostics, ...refuseSyntax(diagnostics), ...ofKinds, ...diagnoseAttestors(loaded.policy)];
  return { diagnostics: all, compiled };
}

/** What only the API server knows: the kinds it serves, their scope, and what we may do with them. */
async function diagnoseServed(
  policy: Policy,
  discovery: Parameters<typeof diagnoseKinds>[1],
  canI: CanI | undefined,
): Promise<readonly Diagnostic[]> {
  const ofKinds = await diagnoseKinds(policy, discovery);
  const served = await discovery.resources();
  const ofScopes = diagnoseScopes(policy, served);
  const ofPermissions = canI ? await diagnosePermissions(policy, served, canI).catch(() => []) : [];
  return [...ofKinds, ...ofScopes, ...ofPermissions];
}

/**
 * A policy with an expression that cannot be read is refused, as upstream does (`invalid JMESPath query`); compiled from
 * a cluster that has it already, its rule answers with an error. Rules that autogen wrote repeat the same mistake.
 */
function refuseSyntax(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const told = new Set<string | undefined>();
  return diagnostics.flatMap((diagnostic) => {
    if (diagnostic.code !== 'jmespath-syntax') return [diagnostic];
    if (told.has(diagnostic.path)) return [];
    told.add(diagnostic.path);
    return [{ ...diagnostic, severity: 'error' as const }];
  });
}

/** The same for PolicyExceptions, with Kyverno's warnings when one will not be looked at (kyverno-core §4.4). */
export function validateException(request: AdmissionRequest, options: ExceptionValidationOptions): AdmissionAnswer {
  const document = submittedOf(request);
  if (!document) return { allowed: true };
  const { diagnostics } = loadPolicy(document, undefined, { deprecations: true, submitted: true });
  const answer = toAnswer(diagnostics);
  return { ...answer, warnings: [...disregarded(request.namespace, options), ...(answer.warnings ?? [])] };
}

/** The same for GlobalContextEntries (kyverno-core §1.5). */
export function validateGlobalContext(request: AdmissionRequest): AdmissionAnswer {
  const document = submittedOf(request);
  return document ? toAnswer(parseEntry(document).diagnostics) : { allowed: true };
}

function disregarded(namespace: string, options: ExceptionValidationOptions): readonly string[] {
  if (!options.isEnabled) return ['PolicyException resources would not be processed until it is enabled.'];
  if (options.namespace === '') return ['The exceptionNamespace flag is not set'];
  if (options.namespace === '*' || options.namespace === namespace) return [];
  return ['PolicyException resource namespace must match the defined namespace.'];
}

function toAnswer(diagnostics: readonly Diagnostic[]): AdmissionAnswer {
  const errors = diagnostics.filter(isError);
  const warnings = diagnostics.filter((diagnostic) => !isError(diagnostic)).map(describe);
  if (errors.length === 0) return { allowed: true, warnings };
  const lines = errors.slice(0, MAX_SHOWN).map(describe);
  if (errors.length > MAX_SHOWN) lines.push(`and ${errors.length - MAX_SHOWN} more`);
  return { allowed: false, message: lines.join('\n'), warnings };
}

function describe({ path, message, hint }: Diagnostic): string {
  return `${path ? `${toKyvernoPath(path)}: ` : ''}${message}${hint ? ` (${hint})` : ''}`;
}

/** What Kyverno's API types judge themselves is told by the path from the rule on, without the rule's kind. */
function toKyvernoPath(path: string): string {
  return path.replace(
    /^(spec\.rules\[\d+\])\.(?:validate(?=\.podSecurity)|mutate(?=\.targets\[\d+\]\.namespace)|generate(?=\.))/,
    '$1',
  );
}
