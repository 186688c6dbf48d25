import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { applyJsonPatch, type PatchOperation, parseJsonPatch } from '../../kernel/json-patch.ts';
import { compileTemplate } from '../../lang/variables/compile-template.ts';
import type { TextUse } from '../../lang/variables/finish-text.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import { parseSealedYaml } from '../../lang/variables/sealed-yaml.ts';
import { toPatchTree } from './patch-tree.ts';
import { createPatternMatcher } from './pattern-matcher.ts';
import { holdsAnchor, preparePatch } from './prepare-patch.ts';
import { strategicMerge } from './strategic-merge.ts';

/** Patches a resource; the resource itself when nothing changes, an error with Kyverno's text when it fails. */
export type Patcher = (resource: JsonObject, scope: Scope) => JsonObject | EvaluationError;

export interface PatcherCompilation {
  readonly host: EngineHost;
  readonly report: (diagnostic: Diagnostic) => void;
  /** JSON path of the block that holds the patches, for diagnostics. */
  readonly path: string;
  /**
   * Whether variables are resolved in the whole rule, so that `{{@}}` and error paths begin with `mutate`; else in the
   * patches of a foreach alone.
   */
  readonly isWholeRule: boolean;
}

/** Operations are read from their text after variables are in it. */
function useOf(path: string): TextUse {
  return path === '/mutate/patchesJson6902' || path === '/patchesJson6902' ? 'document' : 'text';
}

const EMPTY_RULE = new EvaluationError('empty mutate rule');

/** The patcher of a block with `patchStrategicMerge` or `patchesJson6902`; the first wins (kyverno-core §2.11). */
export function compilePatcher(block: JsonObject, compilation: PatcherCompilation): Patcher {
  const { host, report, path, isWholeRule } = compilation;
  const patches: JsonObject = {
    patchStrategicMerge: member(block, 'patchStrategicMerge') ?? null,
    patchesJson6902: member(block, 'patchesJson6902') ?? '',
  };
  const template = compileTemplate(isWholeRule ? { mutate: patches } : patches, { host, report, path, useOf });
  const apply = createApplication();
  return (resource, scope) => {
    const resolved = template.evaluate(scope);
    if (resolved instanceof EvaluationError) return labelled('variable substitution failed', resolved);
    const found = isWholeRule && isJsonObject(resolved) ? member(resolved, 'mutate') : resolved;
    const patched = isJsonObject(found) ? apply(found, resource) : EMPTY_RULE;
    if (patched instanceof EvaluationError || patched === resource) return patched;
    return typeof patched['kind'] === 'string' && patched['kind'] !== ''
      ? patched
      : new EvaluationError("failed to unmarshal patched resource: Object 'Kind' is missing");
  };
}

function labelled(label: string, error: EvaluationError): EvaluationError {
  return new EvaluationError(`${label}: ${error.message}`);
}

/** Applies resolved patches; what a patch alone decides is kept for as long as the same patch comes. */
function createApplication(): (patches: JsonObject, resource: JsonObject) => JsonObject | EvaluationError {
  const prepare = createPreparation();
  const readOperations = createOperationReader();
  return (patches, resource) => {
    const merge = patches['patchStrategicMerge'] ?? null;
    const text = patches['patchesJson6902'];
    if (merge === null && (typeof text !== 'string' || text === '')) return EMPTY_RULE;
    const patched =
      merge !== null
        ? applyMerge(prepare(merge, resource), resource)
        : applyOperations(readOperations(typeof text === 'string' ? text : ''), resource);
    return patched instanceof EvaluationError ? labelled('failed to patch resource', patched) : patched;
  };
}

function applyMerge(patch: Json | EvaluationError, resource: JsonObject): JsonObject | EvaluationError {
  if (patch instanceof EvaluationError) return patch;
  return isJsonObject(patch)
    ? strategicMerge(resource, patch)
    : new EvaluationError(`failed to preProcess rule: wrong node kind: expected MappingNode: ${JSON.stringify(patch)}`);
}

/** A patch without anchors is the same for every resource, so it is prepared once as long as it stays the same value. */
function createPreparation(): (patch: Json, resource: JsonObject) => Json | EvaluationError {
  const matches = createPatternMatcher();
  let last:
    | { readonly patch: Json; readonly hasAnchors: boolean; readonly prepared: Json | EvaluationError }
    | undefined;
  return (patch, resource) => {
    if (last?.patch !== patch) {
      const hasAnchors = holdsAnchor(toPatchTree(patch), () => true);
      last = { patch, hasAnchors, prepared: hasAnchors ? null : preparePatch(patch, {}, matches) };
    }
    return last.hasAnchors ? preparePatch(patch, resource, matches) : last.prepared;
  };
}

function applyOperations(
  operations: readonly PatchOperation[] | EvaluationError,
  resource: JsonObject,
): JsonObject | EvaluationError {
  if (operations instanceof EvaluationError) return operations;
  const patched = applyJsonPatch(resource, operations, { lenient: true });
  if (patched instanceof EvaluationError) return patched;
  return isJsonObject(patched) ? patched : new EvaluationError('the patched resource is no object');
}

/** Texts whose operations are remembered: a foreach makes one for each element. */
const REMEMBERED_TEXTS = 64;

/** Reads operations from YAML, or from JSON when the text begins with a bracket. */
function createOperationReader(): (text: string) => readonly PatchOperation[] | EvaluationError {
  const known = new Map<string, readonly PatchOperation[] | EvaluationError>();
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const operations = readOperations(text);
    if (known.size >= REMEMBERED_TEXTS) known.clear();
    known.set(text, operations);
    return operations;
  };
}

function readOperations(text: string): readonly PatchOperation[] | EvaluationError {
  const document = parseSealedYaml(text);
  if (document instanceof EvaluationError) {
    return new EvaluationError(`failed to convert patchesJSON6902 to JSON: ${document.message}`);
  }
  const operations = parseJsonPatch(document);
  return operations instanceof EvaluationError ? labelled('failed to decode patches', operations) : operations;
}
