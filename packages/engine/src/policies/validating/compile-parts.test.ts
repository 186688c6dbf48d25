import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { loadPolicies } from '../../load/load-policies.ts';
import { engine } from '../policies.fixture.ts';
import { compile, validation } from './validating.fixture.ts';

describe('what does not compile', () => {
  const rows: [string, JsonObject, string][] = [
    [
      'a condition that reads variables',
      {
        variables: [{ name: 'a', expression: '1' }],
        matchConditions: [{ name: 'c', expression: 'variables.a == 1' }],
        ...validation('true'),
      },
      'spec.matchConditions[0].expression',
    ],
    [
      'a variable that reads a later one',
      {
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
        ...validation('true'),
      },
      'spec.variables[0].expression',
    ],
    ['a validation of unknown type', validation('object.metadata.name'), 'spec.validations[0].expression'],
    [
      'a message that is no text',
      validation('true', { messageExpression: '1' }),
      'spec.validations[0].messageExpression',
    ],
    [
      'an annotation that is no text',
      { ...validation('true'), auditAnnotations: [{ key: 'k', valueExpression: '1' }] },
      'spec.auditAnnotations[0].valueExpression',
    ],
    ['orValue at the root', validation('object.?a.orValue(false)'), 'spec.validations[0].expression'],
    [
      'resource.Get compared with null',
      validation('resource.Get("v1", "pods", "a", "b") == null'),
      'spec.validations[0].expression',
    ],
  ];
  it.each(rows)('%s', (_name, spec, path) => {
    const { compiled, diagnostics } = compile(spec);
    expect(compiled).toBeUndefined();
    expect(diagnostics.map((diagnostic) => diagnostic.path)).toEqual([path]);
  });
});

describe('which facts it can ask for', () => {
  it.each([
    ['object.spec.resources.limits.cpu == "1"', []],
    ['resource.Get("v1", "pods", "a", "b").a == 1', ['api-resource', 'kind-mapping', 'api-call']],
    ['http.Get("http://a").a == 1', ['http-call']],
    ['globalContext.Get("a", "b") == 1', ['global-context']],
    ['image.GetMetadata("a").b == 1', ['image-data']],
    ['namespaceObject.metadata.name == "a"', ['resource']],
  ])('%s', (expression, needs) => {
    expect([...(compile(validation(expression)).compiled?.needs ?? [])]).toEqual(needs);
  });
});

describe('where it does not compile', () => {
  const text = `apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations:
    - expression: >-
        object.metadata.name == "a" &&
        reqest.name == "b" || nothing
    - expression: "object.\\u0061 == missing"
`;

  it('is told by line and column of the file, each problem once', () => {
    const [policy] = loadPolicies(text, 'p.yaml').policies;
    const diagnostics = policy ? engine.compile(policy).diagnostics : [];
    expect(diagnostics.map(({ range, message }) => [range?.line, range?.column, message])).toEqual([
      [9, 9, "undeclared reference to 'reqest' (in container '')"],
      [9, 31, "undeclared reference to 'nothing' (in container '')"],
      [10, 37, "undeclared reference to 'missing' (in container '')"],
    ]);
  });
});
