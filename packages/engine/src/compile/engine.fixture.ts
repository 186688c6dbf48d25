import { expect } from 'vitest';
import { decide } from '../evaluate/decide.ts';
import { answeringSource } from '../facts/fact-source.fixture.ts';
import { STILL_HOST } from '../kernel/host.fixture.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Phase } from '../model/compiled-policy.ts';
import type { Decision } from '../model/decision.ts';
import { toLegacyPolicy } from '../model/policy-document.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { createEngine } from './create-engine.ts';
import type { Compilation } from './engine.ts';

const engine = createEngine({ host: STILL_HOST });

export const MATCH_PODS = { match: { any: [{ resources: { kinds: ['Pod'] } }] } };

export function compile(spec: JsonObject, metadata: JsonObject = { name: 'p' }, kind = 'ClusterPolicy'): Compilation {
  return engine.compile(toLegacyPolicy({ apiVersion: 'kyverno.io/v1', kind, metadata, spec }, () => undefined));
}

/** What a ClusterPolicy of this spec decides while nobody answers. */
export async function run(
  spec: JsonObject,
  asked: EvaluationRequest,
  phase: Phase = 'validate',
  trace = false,
): Promise<Decision | undefined> {
  const { compiled, diagnostics } = compile(spec);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const [decision] = await decide(compiled ? [compiled] : [], asked, answeringSource(), { phase, trace });
  return decision;
}
