import { compileJmesPath, isJmesPathDiagnostic } from '@vouchsafe/engine';
import type { Fact } from '@vouchsafe/engine/facts';
import { EvaluationError, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { objectAt, objectsAt, textAt } from '../inputs/read-fields.ts';
import type { GlobalMocks } from './mocks.ts';
import type { ObjectStore } from './object-store.ts';

/** The values of GlobalContextEntries of Kubernetes resources, from the objects given (kyverno-core §1.5). */
export function readGlobalEntries(entries: readonly JsonObject[], store: ObjectStore, now: number): GlobalMocks {
  const values = new Map<string, Fact<Json>>();
  for (const entry of entries) values.set(textAt(entry, 'metadata', 'name'), toValue(entry, store, now));
  return values;
}

function toValue(entry: JsonObject, store: ObjectStore, now: number): Fact<Json> {
  const wanted = objectAt(entry, 'spec', 'kubernetesResource');
  const group = textAt(wanted, 'group');
  const kind = store.kinds.byPlural(group, textAt(wanted, 'resource'))?.kind;
  if (kind === undefined) return failure('only entries of known Kubernetes resources have a value without a cluster');
  const namespace = textAt(wanted, 'namespace');
  const objects = store.find({ group, kind, ...(namespace === '' ? {} : { namespace }) });
  const projections = objectsAt(entry, 'spec', 'projections');
  if (projections.length === 0) return { ok: true, value: objects };
  const projected: Record<string, Json> = {};
  for (const projection of projections) {
    const expression = compileJmesPath(textAt(projection, 'jmesPath'), NODE_HOST);
    if (isJmesPathDiagnostic(expression)) return failure(expression.reason);
    const value = expression.evaluate(objects, now);
    if (value instanceof EvaluationError) return failure(value.message);
    projected[textAt(projection, 'name')] = value;
  }
  // Unlike a mock, a real entry keeps its projections beside its value.
  return { ok: true, value: projected };
}

function failure(message: string): Fact<Json> {
  return { ok: false, class: 'permanent', message };
}
