import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../kernel/json.ts';
import { rulesOf } from '../model/policy.ts';
import { loadPolicies, loadPolicy } from './load-policies.ts';

function policy(rule: string, spec = ''): string {
  return `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: p
spec:
${spec}  rules:
    - name: r
      match:
        any:
          - resources:
              kinds: [Pod]
${rule}`;
}

const VALIDATE = '      validate:\n        pattern: {metadata: {name: "?*"}}\n';

function problems(text: string): readonly string[] {
  return loadPolicies(text, 'p.yaml').diagnostics.map(
    ({ severity, range, path, message, hint }) =>
      `${range?.line}:${range?.column} ${severity} ${path}: ${message}${hint ? ` (${hint})` : ''}`,
  );
}

function exception(spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name: 'e', namespace: 'ns' },
    spec: {
      match: { any: [{ resources: { kinds: ['Pod'] } }] },
      exceptions: [{ policyName: 'p', ruleNames: ['r'] }],
      ...spec,
    },
  };
}

describe('loadPolicies', () => {
  it('normalises a policy', () => {
    const { policies, diagnostics } = loadPolicies(policy(VALIDATE), 'p.yaml');
    expect(diagnostics).toEqual([]);
    expect(policies[0]?.spec).toMatchObject({
      applyRules: 'All',
      failurePolicy: 'Fail',
      failureAction: 'Audit',
      background: true,
      admission: true,
    });
    expect(policies[0] && rulesOf(policies[0])[0]).toMatchObject({
      name: 'r',
      path: 'spec.rules[0]',
      match: { any: [{ kinds: ['Pod'] }] },
    });
  });

  it('tells all structural problems at once, with their places and the nearest field', () => {
    const text = policy(
      '      exlude: {}\n      validate:\n        patern: {}\n        message: 3\n',
      '  failurePolicy: Deny\n  background: "yes"\n',
    );
    expect(problems(text)).toEqual([
      '6:3 error spec.failurePolicy: `Deny` is not one of `Ignore`, `Fail`',
      '7:3 error spec.background: expected a boolean, found the string `yes`',
      '14:7 error spec.rules[0].exlude: unknown field `exlude` (did you mean `exclude`?)',
      '16:9 error spec.rules[0].validate.patern: unknown field `patern` (did you mean `pattern`?)',
      '17:9 error spec.rules[0].validate.message: expected a string, found the number `3`',
    ]);
  });

  it('finds the places in JSON too', () => {
    const text =
      '{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy",\n "metadata":{"name":"p"},\n "spec":{"rulez":[]}}';
    expect(problems(text)).toEqual(['3:10 error spec.rulez: unknown field `rulez` (did you mean `rules`?)']);
  });

  it.each([
    ['enforce', 'Enforce'],
    ['Enforce', 'Enforce'],
    ['audit', 'Audit'],
  ])('takes %s as an action, with a word where it is written in lower case', (written, action) => {
    const { policies, diagnostics } = loadPolicies(
      policy(VALIDATE, `  validationFailureAction: ${written}\n`),
      'p.yaml',
    );
    expect(policies[0]?.spec).toMatchObject({ failureAction: action });
    expect(diagnostics.map(({ severity }) => severity)).toEqual(written === action ? [] : ['warning']);
  });

  it('reads YAML as Go does: 1.1 booleans, keys as text, no sexagesimal numbers, no times, last key wins', () => {
    const text =
      'apiVersion: v1\nkind: X\nyes: on\n1: a\ntime: 12:30:45\nday: 2026-01-02\noctal: 0644\nbig: 1_000\nrevision: e12\nsmall: 1e-1\ntwice: 1\ntwice: 2\n';
    const { others, diagnostics } = loadPolicies(text, 'x.yaml');
    expect(others[0]?.object).toEqual({
      apiVersion: 'v1',
      kind: 'X',
      true: true,
      '1': 'a',
      time: '12:30:45',
      day: '2026-01-02',
      octal: 420,
      big: 1000,
      revision: 'e12',
      small: 0.1,
      twice: 2,
    });
    expect(diagnostics.map(({ code, severity, range }) => [code, severity, range?.line])).toEqual([
      ['document-duplicate-key', 'warning', 12],
    ]);
  });

  it('takes lists apart and keeps what is no policy', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod}\n  - {apiVersion: acme.io/v1, kind: ValidatingPolicy}\n---\n---\n`;
    expect(loadPolicies(text, 'l').others.map(({ kind }) => kind)).toEqual(['Pod', 'ValidatingPolicy']);
  });

  it('one bad document does not hide the others', () => {
    const text = `${policy(VALIDATE)}\n---\na: [\n---\n${policy(VALIDATE)}`;
    const { policies, diagnostics } = loadPolicies(text, 'p.yaml');
    expect(policies).toHaveLength(2);
    expect(diagnostics.some(({ code }) => code === 'document-syntax')).toBe(true);
  });

  it('names the versions of a kind when the version is unknown', () => {
    const text = 'apiVersion: kyverno.io/v3\nkind: ClusterPolicy\nmetadata: {name: p}\n';
    expect(problems(text)).toEqual([
      '1:1 error apiVersion: unknown version `kyverno.io/v3` of ClusterPolicy (known are `kyverno.io/v1`, `kyverno.io/v2beta1`)',
    ]);
  });
});

describe('checks of the policy webhook', () => {
  it.each([
    [
      'no operation',
      '',
      '',
      "No operation defined in the rule 'r'.(supported operations: mutate,validate,generate,verifyImages)",
    ],
    [
      'two operations',
      `${VALIDATE}      mutate: {patchStrategicMerge: {}}\n`,
      '',
      "Multiple operations defined in the rule 'r', only one operation (mutate,validate,generate,verifyImages) is allowed per rule",
    ],
    [
      'two bodies',
      '      validate:\n        pattern: {}\n        deny: {}\n',
      '',
      'only one of pattern, anyPattern, deny, foreach, cel can be specified',
    ],
    [
      'a timeout',
      VALIDATE,
      '  webhookConfiguration: {timeoutSeconds: 31}\n',
      'the timeout value must be between 1 and 30 seconds',
    ],
    [
      'neither admission nor background',
      VALIDATE,
      '  admission: false\n  background: false\n',
      'disabling both admission and background processing is not allowed',
    ],
    [
      'users in background',
      `      exclude: {any: [{clusterRoles: [admin]}]}\n${VALIDATE}`,
      '',
      'only select variables are allowed in background mode. Set spec.background=false to disable background mode for this policy rule: invalid variable used at path: spec/rules[0]/exclude/any[0]/clusterRoles ',
    ],
    [
      'an empty set',
      `      exclude: {any: [{resources: {kinds: [Pod]}}]}\n${VALIDATE}`,
      '',
      'Rule is matching an empty set',
    ],
    [
      'an operator',
      '      validate:\n        deny: {conditions: {any: [{key: a, operator: Is, value: b}]}}\n',
      '',
      'entered value of `operator` is invalid. valid values: ["Equal" "Equals" "NotEqual" "NotEquals" "In" "AnyIn" "AllIn" "NotIn" "AnyNotIn" "AllNotIn" "GreaterThanOrEquals" "GreaterThan" "LessThanOrEquals" "LessThan" "DurationGreaterThanOrEquals" "DurationGreaterThan" "DurationLessThanOrEquals" "DurationLessThan"]',
    ],
    [
      'a reserved name',
      `      context: [{name: images, variable: {value: 1}}]\n${VALIDATE}`,
      '',
      'entry name images is invalid as it conflicts with a pre-defined variable images',
    ],
    [
      'conflicting overrides',
      VALIDATE,
      '  validationFailureActionOverrides:\n    - {action: Enforce, namespaces: [prod-*]}\n    - {action: Audit, namespaces: [prod-eu]}\n',
      "path: spec.validationFailureActionOverrides[1].namespaces: wildcard pattern 'prod-*' matches with namespace 'prod-eu'",
    ],
    [
      'no attestor',
      '      verifyImages: [{imageReferences: ["*"], mutateDigest: false, attestors: [{entries: []}]}]\n',
      '',
      'An entry is required',
    ],
    [
      'keyless without log or roots',
      '      verifyImages: [{imageReferences: ["*"], mutateDigest: false, attestors: [{entries: [{keyless: {issuer: a, subject: b}}]}]}]\n',
      '',
      'Either Rekor URL or roots are required',
    ],
  ])('%s', (_name, rule, spec, message) => {
    const { policies, diagnostics } = loadPolicies(policy(rule, spec), 'p.yaml');
    expect(policies).toEqual([]);
    expect(diagnostics.filter(({ severity }) => severity === 'error').map((diagnostic) => diagnostic.message)).toEqual([
      message,
    ]);
  });

  it.each([
    ['Widget', '', 'no image is found in a `Widget`: the rule verifies nothing of it'],
    ['acme.example/v1/Widget', 'imageExtractors: {Gadget: [{path: /spec/image}]}', 'no image is found in a `Widget`'],
    ['Widget', 'imageExtractors: {Widget: [{path: /spec/image}]}', undefined],
    ['Pod', '', undefined],
    ['"*"', '', undefined],
  ])('images of a %s with extractors {%s}', (kind, extractors, warning) => {
    const rule = `      ${extractors}\n      verifyImages: [{imageReferences: ["*"], mutateDigest: false}]\n`;
    const { diagnostics } = loadPolicies(policy(rule).replace('[Pod]', `[${kind}]`), 'p');
    const told = diagnostics.filter(({ path }) => path?.endsWith('imageExtractors')).map(({ message }) => message);
    expect(told).toHaveLength(warning === undefined ? 0 : 1);
    expect(told.join()).toContain(warning ?? '');
  });

  it('an Audit rule that pins digests is a warning here, and refused on request as Kyverno does', () => {
    const text = policy('      verifyImages: [{imageReferences: ["*"], failureAction: Audit}]\n');
    expect(loadPolicies(text, 'p').diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
    const refused = loadPolicies(text, 'p', { auditMutateDigest: 'refuse' });
    expect(refused.policies).toEqual([]);
    expect(refused.diagnostics[0]?.message).toBe('mutateDigest must be set to false for ‘Audit’ failure action');
  });

  it.each([
    [
      'replicas',
      '      validate:\n        pattern: {spec: {replicas: ">1"}}\n',
      'You are matching on replicas but not including the scale subresource in the policy.',
    ],
    [
      'status',
      '      validate:\n        pattern: {status: {phase: "?*"}}\n',
      'You are matching on status but not including the status subresource in the policy.',
    ],
    [
      'an assertion, which upstream does not look at any more',
      '      validate:\n        assert: {object: {x: 1}}\n',
      '`assert` is not evaluated: this rule checks nothing',
    ],
    [
      'an old operator',
      '      validate:\n        deny: {conditions: {any: [{key: a, operator: In, value: [b]}]}}\n',
      'Operator In has been deprecated and will be removed soon. Use these instead: ["AllIn" "AnyIn"]',
    ],
    [
      'an undefined variable',
      '      validate:\n        message: "{{ nobody.knows }}"\n        pattern: {}\n',
      'variable `{{ nobody.knows }}` is not defined in rule `r`',
    ],
  ])('warns of %s', (_name, rule, message) => {
    const { policies, diagnostics } = loadPolicies(policy(rule), 'p');
    expect(policies).toHaveLength(1);
    expect(diagnostics.map(({ severity, message: told }) => `${severity}: ${told}`)).toEqual([`warning: ${message}`]);
  });

  it('gives the deprecation warning when asked', () => {
    const { diagnostics } = loadPolicies(policy(VALIDATE), 'p', { deprecations: true });
    expect(diagnostics[0]?.message).toMatch(
      /^ClusterPolicy \(kyverno\.io\) is deprecated .* migrate to ValidatingPolicy, /,
    );
  });
});

describe('loadPolicy', () => {
  it('takes an object of the API, of which it does not know every field', () => {
    const { policies } = loadPolicies(policy(VALIDATE), 'p');
    const document = policies[0]?.document ?? {};
    const loaded = loadPolicy({ ...document, status: { ready: true }, surprise: 1 });
    expect(loaded.policy?.ref.name).toBe('p');
    expect(loaded.diagnostics.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: unknown field `surprise`',
    ]);
  });

  it('takes exceptions', () => {
    const loaded = loadPolicy(exception());
    expect(loaded.exception).toMatchObject({ key: 'ns/e', exceptions: [{ policyName: 'p', ruleNames: ['r'] }] });
  });
});

describe('controls that a PolicyException excludes', () => {
  it.each<[string, JsonObject, readonly string[]]>([
    ['with images', { controlName: 'Capabilities', images: ['*'] }, []],
    ['without', { controlName: 'Capabilities' }, ['spec.podSecurity[0].controlName']],
    ['a field without values', { controlName: 'Seccomp', restrictedField: 'f' }, ['spec.podSecurity[0].values']],
    ['values without field', { controlName: 'Seccomp', values: ['v'] }, ['spec.podSecurity[0].restrictedField']],
  ])('%s', (_, control, paths) => {
    const loaded = loadPolicy(exception({ podSecurity: [control] }));
    expect(loaded.diagnostics.map(({ path }) => path)).toEqual(paths);
  });
});

describe('`target` in a rule that mutates existing objects', () => {
  const text = '{{ target.data.key }}';
  const condition = { all: [{ key: text, operator: 'Equals', value: 'x' }] };
  const context = [{ name: 'c', variable: { jmesPath: text } }];
  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['preconditions of the target', {}, { name: 't', preconditions: condition }, true],
    ['context of the target', {}, { name: 't', context }, true],
    ['preconditions of the rule', { preconditions: condition }, { name: 't' }, false],
    ['context of the rule', { context }, { name: 't' }, false],
    ['name of the target', {}, { name: text }, false],
  ])('%s', (_, parts, target, isAllowed) => {
    const { diagnostics } = loadPolicy({
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: 'p' },
      spec: {
        rules: [
          {
            name: 'r',
            match: { any: [{ resources: { kinds: ['Secret'] } }] },
            ...parts,
            mutate: {
              targets: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ns', ...target }],
              patchStrategicMerge: { data: { key: text } },
            },
          },
        ],
      },
    });
    expect(diagnostics.every(({ severity }) => severity !== 'error')).toBe(isAllowed);
  });
});

describe('generate rules of a namespaced policy', () => {
  const generate = { apiVersion: 'v1', kind: 'Secret', name: 's' };
  it.each<[string, JsonObject, readonly string[]]>([
    ['own namespace', { namespace: 'ns', clone: { name: 'c', namespace: 'ns' } }, []],
    ['a variable', { namespace: '{{request.namespace}}', data: {} }, []],
    ['another to write to', { namespace: 'b', data: {} }, ['spec.rules[0].generate.namespace']],
    [
      'another to copy from',
      { namespace: 'ns', clone: { name: 'c', namespace: 'b' } },
      ['spec.rules[0].generate.clone.namespace'],
    ],
  ])('%s', (_, settings, paths) => {
    const rule = {
      name: 'r',
      match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
      generate: { ...generate, ...settings },
    };
    const document = (kind: string, metadata: JsonObject) =>
      loadPolicy({ apiVersion: 'kyverno.io/v1', kind, metadata, spec: { rules: [rule] } });
    const errorsOf = ({ diagnostics }: ReturnType<typeof loadPolicy>) =>
      diagnostics.filter(({ severity }) => severity === 'error').map(({ path }) => path);
    expect(errorsOf(document('Policy', { name: 'p', namespace: 'ns' }))).toEqual(paths);
    expect(errorsOf(document('ClusterPolicy', { name: 'p' }))).toEqual([]);
  });
});

describe('deprecated forms of verifyImages', () => {
  it('become references and attestors; attestations keep theirs', () => {
    const entry = 'image: "ghcr.io/a:*", key: KEY, mutateDigest: false';
    const load = (text: string) =>
      loadPolicies(policy(`      verifyImages: [{${text}}]\n`), 'p').policies.flatMap(rulesOf)[0]?.verifyImages[0];
    expect(load(entry)).toMatchObject({
      imageReferences: ['ghcr.io/a:*'],
      attestors: [{ entries: [{ keys: { publicKeys: 'KEY' } }] }],
      required: true,
      verifyDigest: true,
      useCache: true,
      type: 'Cosign',
    });
    expect(load(`${entry}, attestations: [{predicateType: t}]`)).toMatchObject({
      attestors: [],
      attestations: [{ type: 't', attestors: [{ entries: [{ keys: { publicKeys: 'KEY' } }] }] }],
    });
  });
});
