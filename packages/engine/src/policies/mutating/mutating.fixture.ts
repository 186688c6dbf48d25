import { decide } from '../../evaluate/decide.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { answeringSource } from '../../facts/fact-source.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import type { Decision } from '../../model/decision.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { celPolicy, compiledPolicies, type WrittenPolicy } from '../policies.fixture.ts';

export const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'web' } },
  spec: { priority: 3, containers: [{ name: 'a', image: 'a:1' }] },
};

export function policy(written: WrittenPolicy): JsonObject {
  return celPolicy('MutatingPolicy', written);
}

export interface Situation {
  /** The Pod, unless it says otherwise. */
  readonly request?: Partial<EvaluationRequest>;
  readonly phase?: Phase;
  readonly answer?: (request: FactRequest) => Fact | undefined;
}

/** What the policies of the documents decide, in order. */
export function judge(
  documents: readonly JsonObject[],
  { request = {}, phase = 'mutate', answer }: Situation = {},
): Promise<readonly Decision[]> {
  const asked = requestOf('resource' in request ? request.resource : POD, request);
  return decide(compiledPolicies(documents), asked, answeringSource(answer), { phase });
}

export function patches(...expressions: readonly string[]): JsonObject {
  return { mutations: expressions.map((expression) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })) };
}

export function applies(...expressions: readonly string[]): JsonObject {
  return {
    mutations: expressions.map((expression) => ({
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression },
    })),
  };
}

export function labelled(value: string, key = 'app'): string {
  return `[JSONPatch{op: 'add', path: '/metadata/labels/${key}', value: ${value}}]`;
}

export function labelsOf(decision: Decision | undefined): Json | undefined {
  const metadata = decision?.patched?.['metadata'] as JsonObject | undefined;
  return metadata?.['labels'];
}
