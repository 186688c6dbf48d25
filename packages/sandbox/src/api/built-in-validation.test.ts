import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../schema/defaults/apply-defaults.ts';
import type { JsonObject } from '../store/json-value.ts';
import { validateBuiltIn } from './built-in-validation.ts';
import { createTestCluster } from './test-cluster.ts';

const cluster = createTestCluster();

function problems(target: string, object: JsonObject, old?: JsonObject): string[] {
  const [group = '', version = '', plural = ''] = target.split('/');
  const definition = cluster.catalogue.find(group, version, plural);
  if (definition === undefined) throw new Error(`no resource ${target}`);
  const defaulted = (one: JsonObject): JsonObject => applyDefaults(definition, one);
  return validateBuiltIn(definition, defaulted(object), old && defaulted(old)).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

const container = (parts: JsonObject = {}): JsonObject => ({ name: 'c', image: 'nginx:1', ...parts });
const pod = (...containers: JsonObject[]): JsonObject => ({ spec: { containers } });

describe('pods', () => {
  it.each([
    ['a good one', pod(container()), []],
    ['no container', pod(), ['spec.containers: Required value']],
    ['no image', pod({ name: 'c' }), ['spec.containers[0].image: Required value']],
    ['no name', pod({ image: 'i' }), ['spec.containers[0].name: Required value']],
    ['two of a name', pod(container(), container()), ['spec.containers[1].name: Duplicate value: "c"']],
    [
      'a bad port',
      pod(container({ ports: [{ containerPort: 70_000 }] })),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'a mount of nothing',
      pod(container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })),
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
  ])('%s', (_name, object, expected) => {
    expect(problems('/v1/pods', object)).toEqual(expected);
  });

  it('change their image but not their command', () => {
    const old = pod(container());
    expect(problems('/v1/pods', pod(container({ image: 'nginx:2' })), old)).toEqual([]);
    expect(problems('/v1/pods', pod(container({ command: ['sh'] })), old)[0]).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than/,
    );
  });
});

describe('workloads', () => {
  const deployment = (selector: JsonObject, labels: JsonObject): JsonObject => ({
    spec: { selector, template: { metadata: { labels }, ...pod(container()) } },
  });

  it('select their own template and never change their mind', () => {
    const good = deployment({ matchLabels: { a: 'b' } }, { a: 'b' });
    expect(problems('apps/v1/deployments', good)).toEqual([]);
    expect(problems('apps/v1/deployments', deployment({ matchLabels: { a: 'b' } }, { a: 'c' }))).toEqual([
      'spec.template.metadata.labels: Invalid value: {"a":"c"}: `selector` does not match template `labels`',
    ]);
    expect(problems('apps/v1/deployments', deployment({ matchLabels: { a: 'c' } }, { a: 'c' }), good)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable',
    ]);
  });
});

describe('webhook configurations', () => {
  const good: JsonObject = {
    name: 'a.b.dev',
    clientConfig: { url: 'https://127.0.0.1:1/x' },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };

  it.each([
    ['a good one', {}, []],
    [
      'a short name',
      { name: 'a.b' },
      ['webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots'],
    ],
    [
      'no versions',
      { admissionReviewVersions: [] },
      ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      'unknown side effects',
      { sideEffects: 'Some' },
      ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
    [
      'too long a timeout',
      { timeoutSeconds: 31 },
      ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      'plain HTTP',
      { clientConfig: { url: 'http://x/' } },
      [
        'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[:port]/path',
      ],
    ],
    [
      'two targets',
      { clientConfig: { url: 'https://x/', service: { name: 'a', namespace: 'b' } } },
      ['webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    ],
  ])('%s', (_name, parts, expected) => {
    const object = { webhooks: [{ ...good, ...parts }] };
    expect(problems('admissionregistration.k8s.io/v1/validatingwebhookconfigurations', object)).toEqual(expected);
  });
});

describe('custom resource definitions', () => {
  const crd = (name: string, versions: JsonObject[]): JsonObject => ({
    metadata: { name },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions,
    },
  });
  const version: JsonObject = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object' } },
  };

  it('are named after what they define and have one storage version with a schema', () => {
    const target = 'apiextensions.k8s.io/v1/customresourcedefinitions';
    expect(problems(target, crd('widgets.example.com', [version]))).toEqual([]);
    expect(problems(target, crd('widgets', [version]))).toEqual([
      'metadata.name: Invalid value: "widgets": must be spec.names.plural+"."+spec.group',
    ]);
    expect(problems(target, crd('widgets.example.com', [{ ...version, storage: false, schema: {} }]))).toEqual([
      'spec.versions[0].schema.openAPIV3Schema: Required value',
      expect.stringContaining('must have exactly one version marked as storage version'),
    ]);
  });
});
