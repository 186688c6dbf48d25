import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import { isError } from '../kernel/diagnostics/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { AdmissionPolicyBinding, CelPolicyException } from '../model/cel-policy.ts';
import { toAdmissionPolicyBinding, toCelPolicy, toCelPolicyException } from '../model/cel-policy-document.ts';
import { toCleanupPolicy } from '../model/cleanup-policy.ts';
import type { LoadedDocument, Policy, PolicyException, SourceMap } from '../model/policy.ts';
import { toLegacyPolicy, toPolicyException } from '../model/policy-document.ts';
import { readObject, readText } from '../model/read-json.ts';
import type { LoadOptions } from './load-options.ts';
import { flattenList, readDocuments } from './read-documents.ts';
import { checkSchema } from './schema/check-schema.ts';
import { knownVersions, policySchema } from './schema/policy-schema.ts';
import { checkCelDocument } from './semantics/check-cel-document.ts';
import { checkCleanup } from './semantics/check-cleanup.ts';
import { checkException } from './semantics/check-exception.ts';
import { checkPolicy } from './semantics/check-policy.ts';
import { LIMITS } from './text-limits.ts';

export interface LoadedPolicies {
  /** Those without an error, in the order of the text. */
  readonly policies: readonly Policy[];
  readonly exceptions: readonly PolicyException[];
  readonly celExceptions: readonly CelPolicyException[];
  readonly bindings: readonly AdmissionPolicyBinding[];
  /** Everything that is neither: resources, tests, values. */
  readonly others: readonly LoadedDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a YAML or JSON text of one or more documents (kyverno-core §4.4). Never throws: what is wrong with a document
 * is a diagnostic with its place, and the document is left out when that is an error.
 *
 * @param origin name of the text in diagnostics, mostly a file path
 */
export function loadPolicies(text: string, origin: string, options: LoadOptions = {}): LoadedPolicies {
  const read = readDocuments(text, origin);
  const policies: Policy[] = [];
  const exceptions: PolicyException[] = [];
  const celExceptions: CelPolicyException[] = [];
  const bindings: AdmissionPolicyBinding[] = [];
  const others: LoadedDocument[] = [];
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  for (const { value, sources } of read.documents.flatMap(flattenList)) {
    if (!isJsonObject(value)) {
      const range = sources('');
      diagnostics.push({
        code: 'policy-wrong-type',
        severity: 'error',
        message: 'a document must be an object',
        ...(range ? { range } : {}),
      });
      continue;
    }
    const loaded = loadDocument(value, sources, options);
    diagnostics.push(...loaded.diagnostics);
    if (loaded.policy) policies.push(loaded.policy);
    if (loaded.exception) exceptions.push(loaded.exception);
    if (loaded.celException) celExceptions.push(loaded.celException);
    if (loaded.binding) bindings.push(loaded.binding);
    if (loaded.other) others.push(loaded.other);
  }
  return { policies, exceptions, celExceptions, bindings, others, diagnostics };
}

export interface LoadedObject {
  readonly policy?: Policy;
  readonly exception?: PolicyException;
  readonly celException?: CelPolicyException;
  readonly binding?: AdmissionPolicyBinding;
  readonly other?: LoadedDocument;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * One object as the Kubernetes API serves it, without positions. Unknown fields are warnings: the API server has
 * dropped those its CRD does not know, so what is left may belong to a newer one.
 */
export function loadPolicy(document: JsonObject, origin?: string, options: LoadOptions = {}): LoadedObject {
  const range = origin === undefined ? undefined : { origin, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return loadDocument(document, () => range, { unknownFields: 'warning', ...options });
}

const GROUPS: readonly string[] = ['kyverno.io/', 'policies.kyverno.io/', 'admissionregistration.k8s.io/'];

/** One document of a text, with its positions. */
export function loadDocument(document: JsonObject, sources: SourceMap, options: LoadOptions = {}): LoadedObject {
  if (isDeeper(document, LIMITS.depth)) return { diagnostics: [locate(TOO_DEEP, sources)] };
  const apiVersion = readText(document, 'apiVersion') ?? '';
  const kind = readText(document, 'kind') ?? '';
  const schema = policySchema(apiVersion, kind);
  if (!schema) {
    const group = GROUPS.find((known) => apiVersion.startsWith(known));
    const versions = group === undefined ? [] : knownVersions(kind).filter((version) => version.startsWith(group));
    if (versions.length === 0) return { other: { apiVersion, kind, object: document, sources }, diagnostics: [] };
    return { diagnostics: [unknownVersion(apiVersion, kind, versions, sources)] };
  }
  const structural = checkSchema(document, schema).map((problem): Diagnostic => {
    const isUnknown = problem.code === 'policy-unknown-field';
    return locate(
      { ...problem, severity: isUnknown && options.unknownFields === 'warning' ? 'warning' : 'error' },
      sources,
    );
  });
  if (structural.some(isError)) return { diagnostics: structural };
  if (CLEANUP_KINDS.has(kind)) return loadCleanup(document, structural, sources);
  const isLegacy = apiVersion.startsWith('kyverno.io/');
  const problems = isLegacy ? checkLegacy(document, kind, options) : checkCelDocument(document, kind, options);
  const diagnostics = [...structural, ...nameProblems(document), ...problems].map((problem) =>
    locate(problem, sources),
  );
  if (diagnostics.some(isError)) return { diagnostics };
  return { ...(isLegacy ? toLegacy(document, kind, sources) : toCel(document, kind, sources)), diagnostics };
}

const CLEANUP_KINDS: ReadonlySet<string> = new Set(['CleanupPolicy', 'ClusterCleanupPolicy']);

function loadCleanup(document: JsonObject, structural: readonly Diagnostic[], sources: SourceMap): LoadedObject {
  const diagnostics = [...structural, ...nameProblems(document), ...checkCleanup(document)].map((problem) =>
    locate(problem, sources),
  );
  return diagnostics.some(isError) ? { diagnostics } : { policy: toCleanupPolicy(document, sources), diagnostics };
}

const EXCEPTION = 'PolicyException';

function checkLegacy(document: JsonObject, kind: string, options: LoadOptions): readonly Diagnostic[] {
  return kind === EXCEPTION ? checkException(document) : checkPolicy(document, options);
}

function toLegacy(document: JsonObject, kind: string, sources: SourceMap): Omit<LoadedObject, 'diagnostics'> {
  if (kind === EXCEPTION) return { exception: toPolicyException(document, sources) };
  return { policy: toLegacyPolicy(document, sources) };
}

function toCel(document: JsonObject, kind: string, sources: SourceMap): Omit<LoadedObject, 'diagnostics'> {
  if (kind === EXCEPTION) return { celException: toCelPolicyException(document, sources) };
  if (kind.endsWith('Binding')) return { binding: toAdmissionPolicyBinding(document, sources) };
  return { policy: toCelPolicy(document, sources) };
}

const TOO_DEEP: Diagnostic = {
  code: 'document-too-deep',
  severity: 'error',
  message: `the document is nested deeper than ${LIMITS.depth} levels`,
};

/** Texts are bounded before they are read; an object of the API is not, and what follows walks it by recursion. */
function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item: Json) => isDeeper(item, levels - 1));
}

function nameProblems(document: JsonObject): Diagnostic[] {
  const metadata = readObject(document, 'metadata');
  if (readText(metadata, 'name') || readText(metadata, 'generateName')) return [];
  return [
    { code: 'policy-missing-field', severity: 'error', message: 'the field `name` is required', path: 'metadata' },
  ];
}

function unknownVersion(apiVersion: string, kind: string, versions: readonly string[], sources: SourceMap): Diagnostic {
  const known = versions.map((version) => `\`${version}\``).join(', ');
  return locate(
    {
      code: 'policy-unknown-kind',
      severity: 'error',
      message: `unknown version \`${apiVersion}\` of ${kind}`,
      path: 'apiVersion',
      hint: `known are ${known}`,
    },
    sources,
  );
}

/** The diagnostic with the place of its path in the source; a path in a generated rule has none. */
function locate(diagnostic: Diagnostic, sources: SourceMap): Diagnostic {
  if (diagnostic.range) return diagnostic;
  const range = sources(diagnostic.path ?? '');
  return range ? { ...diagnostic, range } : diagnostic;
}
