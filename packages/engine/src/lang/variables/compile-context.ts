import type { FactKind } from '../../facts/fact-request.ts';
import type { FactTable } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import type { PolicyRef } from '../../model/decision.ts';
import type { TemplateTools } from './compile-template.ts';
import { compileApiCallEntry } from './context/api-call-entry.ts';
import { compileConfigMapEntry } from './context/config-map-entry.ts';
import type { EntryCompilation, EntryLoader } from './context/entry-loader.ts';
import { compileGlobalReferenceEntry } from './context/global-reference-entry.ts';
import { compileImageRegistryEntry } from './context/image-registry-entry.ts';
import { compileVariableEntry } from './context/variable-entry.ts';
import { ContextError } from './context-error.ts';
import { mergeVariables } from './merge-variables.ts';
import type { RuleStandIns, Scope } from './scope.ts';
import { WatchedScope } from './watched-scope.ts';

/** One line a kind of context entry. */
const ENTRY_KINDS: readonly (readonly [string, (compilation: EntryCompilation) => EntryLoader])[] = [
  ['variable', compileVariableEntry],
  ['configMap', compileConfigMapEntry],
  ['apiCall', compileApiCallEntry],
  ['imageRegistry', compileImageRegistryEntry],
  ['globalReference', compileGlobalReferenceEntry],
];

/** The context entries of a rule or of a foreach, compiled. Frozen, shared by all requests. */
export interface ContextEntries {
  /**
   * A child scope with a variable for each entry, loaded when first read. An entry sees the entries before it. Reading
   * one whose fact is not in the table throws `Need`; one that fails answers an error in Kyverno's words.
   */
  readonly attach: (scope: Scope, facts: FactTable) => Scope;
}

export function compileContext(
  entries: readonly JsonObject[],
  policy: PolicyRef,
  tools: TemplateTools,
): ContextEntries {
  const compiled = entries.flatMap((entry, index) => {
    const path = appendDocumentPath(tools.path ?? '', index);
    const found = compileEntry(entry, policy, { ...tools, path });
    if (!found) {
      tools.report?.({
        code: 'policy-unsupported',
        severity: 'error',
        message: 'the context entry is of no kind',
        path,
      });
    }
    return found ? [found] : [];
  });
  return Object.freeze({
    attach: (scope: Scope, facts: FactTable) => {
      const { standIns } = scope;
      if (standIns) return attachWithStandIns(compiled, scope, facts, standIns);
      return compiled.reduce((outer, entry) => attachEntry(outer, entry, facts), scope);
    },
  });
}

interface NamedLoader {
  readonly name: string;
  readonly loader: EntryLoader;
  /** The kind of fact it asks for, if any. */
  readonly needs: FactKind | undefined;
}

/** Values first, then the entries whose facts somebody can give; the others do not exist (kyverno-core §5.2). */
function attachWithStandIns(
  entries: readonly NamedLoader[],
  scope: Scope,
  facts: FactTable,
  { absent, variables }: RuleStandIns,
): Scope {
  let inner = scope;
  for (const [name, value] of Object.entries(variables)) {
    inner = inner.withLazy(name, () => merged(scope, name, value));
  }
  return entries
    .filter(({ needs }) => needs === undefined || !absent.has(needs))
    .reduce((outer, entry) => attachEntry(outer, entry, facts), inner);
}

function compileEntry(entry: JsonObject, policy: PolicyRef, tools: TemplateTools): NamedLoader | undefined {
  const name = member(entry, 'name');
  if (typeof name !== 'string') return undefined;
  for (const [kind, compile] of ENTRY_KINDS) {
    const block = member(entry, kind);
    if (isJsonObject(block))
      return { name, needs: needOf(kind, block), loader: compile({ name, block, policy, tools }) };
  }
  return undefined;
}

function needOf(kind: string, block: JsonObject): FactKind | undefined {
  switch (kind) {
    case 'configMap':
      return 'config-map';
    case 'apiCall':
      return isJsonObject(member(block, 'service')) ? 'service-call' : 'api-call';
    case 'imageRegistry':
      return 'image-data';
    case 'globalReference':
      return 'global-context';
    default:
      return undefined;
  }
}

function attachEntry(scope: Scope, { name, needs, loader }: NamedLoader, facts: FactTable): Scope {
  const { replaces, load } = loader;
  let watched: WatchedScope | undefined;
  return scope.withLazy(
    name,
    () => {
      watched = new WatchedScope(scope);
      const value = load(watched, facts);
      if (value instanceof EvaluationError) return new ContextError(value.message, value.notFound);
      const failure = scope.contextSize.take(value);
      if (failure) return new ContextError(failure.message);
      return replaces ? value : merged(scope, name, value);
    },
    () => {
      if (!scope.sealsRequest) return false;
      return isForeign(needs) || watched?.hasReadGiven === true || (!replaces && scope.isGiven(name));
    },
  );
}

/** A ConfigMap that the policy names is the policy's own word; what APIs, services and images answer is not. */
function isForeign(needs: FactKind | undefined): boolean {
  return needs !== undefined && needs !== 'config-map';
}

function merged(scope: Scope, name: string, value: Json): Json | EvaluationError {
  const existing = scope.lookup(name);
  return existing instanceof EvaluationError ? existing : mergeVariables(existing, value);
}
