import { loadDocument, type Policy } from '@vouchsafe/engine';
import {
  formatDiagnostic,
  isError,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
} from '@vouchsafe/engine/kernel';
import type { InvalidPolicy } from '../inputs/policy-set.ts';
import type { InputDocument } from '../inputs/read-documents.ts';
import { objectAt, textAt } from '../inputs/read-fields.ts';

/** A CleanupPolicy as a policy that fails for what it would delete. */
export type CleanupReading = { readonly policy: Policy } | { readonly invalid: InvalidPolicy };

/**
 * A CleanupPolicy is judged by the same match, exclude, context and conditions as a rule (kyverno-core §1.4): it becomes a
 * rule that denies what the cleanup would delete. Its `target` is the resource itself.
 */
export function readCleanupPolicy({ object, sources }: InputDocument): CleanupReading {
  const name = textAt(object, 'metadata', 'name');
  const loaded = loadDocument(toPolicyDocument(object), () => sources(''));
  if (loaded.policy) return { policy: loaded.policy };
  const diagnostics = loaded.diagnostics.filter(isError);
  const [first] = diagnostics;
  return { invalid: { name, reason: first ? formatDiagnostic(first) : 'it cannot be read', diagnostics } };
}

/** The rule a cleanup becomes. */
export const CLEANUP_RULE = 'cleanup';

function toPolicyDocument(object: JsonObject): JsonObject {
  const spec = objectAt(object, 'spec');
  const isNamespaced = textAt(object, 'kind') === 'CleanupPolicy';
  const conditions = spec['conditions'];
  return {
    apiVersion: 'kyverno.io/v1',
    kind: isNamespaced ? 'Policy' : 'ClusterPolicy',
    metadata: {
      ...objectAt(object, 'metadata'),
      annotations: {
        ...objectAt(object, 'metadata', 'annotations'),
        'pod-policies.kyverno.io/autogen-controllers': 'none',
      },
    },
    spec: {
      background: true,
      rules: [
        {
          name: CLEANUP_RULE,
          match: objectAt(spec, 'match'),
          ...(spec['exclude'] === undefined ? {} : { exclude: spec['exclude'] }),
          ...(spec['context'] === undefined ? {} : { context: renameTarget(spec['context']) }),
          ...(conditions === undefined ? {} : { preconditions: renameTarget(conditions) }),
          validate: { message: 'resource matched', deny: {} },
        },
      ],
    },
  };
}

const VARIABLE = /\{\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\}/g;
const TARGET = /(?<![\w.'"`])target(?=[.[\s}|]|$)/g;

/** `target` in variables is `request.object` in those of a rule. */
function renameTarget(value: Json): Json {
  if (typeof value === 'string') return value.replace(VARIABLE, (text) => text.replace(TARGET, 'request.object'));
  if (isJsonArray(value)) return value.map(renameTarget);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renameTarget(item)]));
}
