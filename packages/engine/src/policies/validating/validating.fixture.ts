import { expect } from 'vitest';
import type { Compilation } from '../../compile/engine.ts';
import { decide } from '../../evaluate/decide.ts';
import { answeringSource } from '../../facts/fact-source.fixture.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Decision } from '../../model/decision.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { celException, celPolicy, compileDocuments, told } from '../policies.fixture.ts';

export const POD_SPEC: JsonObject = { containers: [{ name: 'a', image: 'nginx' }], priority: 3 };

export const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default' },
  spec: POD_SPEC,
};

/** A policy about Pods with exceptions of these specs, the first of them `ns/e0`. */
export function compile(spec: JsonObject, exceptions: readonly JsonObject[] = []): Compilation {
  const written = exceptions.map((given, index) => celException('ValidatingPolicy', 'p', given, `e${index}`));
  const [compilation] = compileDocuments([celPolicy('ValidatingPolicy', { spec }), ...written]);
  if (!compilation) throw new Error('no policy');
  return compilation;
}

export async function judge(compilation: Compilation, asked = requestOf(POD)): Promise<Decision | undefined> {
  expect(compilation.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const policies = compilation.compiled ? [compilation.compiled] : [];
  const [decision] = await decide(policies, asked, answeringSource(), { phase: 'validate' });
  return decision;
}

/** `rule status message` of each result. */
export async function verdicts(compilation: Compilation, asked = requestOf(POD)): Promise<readonly string[]> {
  return told([await judge(compilation, asked)]);
}

export function validation(expression: string, more: JsonObject = {}): JsonObject {
  return { validations: [{ expression, ...more }] };
}
