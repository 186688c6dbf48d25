import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { loadPolicies } from '../load-policies.ts';

function errorsOf(cel: JsonObject): readonly string[] {
  const rule = { name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, validate: { cel } };
  const policy = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [rule] },
  };
  const { diagnostics } = loadPolicies(JSON.stringify(policy), 'p.yaml');
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
}

const expressions = [{ expression: 'true' }];
const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
const paramRef = { name: 'x', parameterNotFoundAction: 'Deny' };

describe('validate.cel as it is loaded', () => {
  it.each<[string, JsonObject, string[]]>([
    ['complete', { expressions, paramKind, paramRef, auditAnnotations: [{ key: 'a', valueExpression: "''" }] }, []],
    ['an empty expression', { expressions: [{ expression: '' }] }, ['cel.expressions.expression is required']],
    ['a kind without reference', { expressions, paramKind }, ['cel.paramRef is required']],
    ['a reference without kind', { expressions, paramRef }, ['cel.paramKind is required']],
    [
      'a reference to nothing',
      { expressions, paramKind, paramRef: { parameterNotFoundAction: 'Deny' } },
      ['one of cel.paramRef.name or cel.paramRef.selector must be set'],
    ],
    [
      'no word on what is not found',
      { expressions, paramKind, paramRef: { name: 'x' } },
      ['cel.paramRef.parameterNotFoundAction is required'],
    ],
    [
      'a kind without version',
      { expressions, paramKind: { kind: 'X' }, paramRef },
      ['cel.paramKind.apiVersion is required'],
    ],
    [
      'an audit annotation without value',
      { expressions, auditAnnotations: [{ key: 'a', valueExpression: '' }] },
      ['cel.auditAnnotation.valueExpression is required'],
    ],
  ])('%s', (_name, cel, errors) => {
    expect(errorsOf(cel)).toEqual(errors);
  });
});
