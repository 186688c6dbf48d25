import { describe, expect, it } from 'vitest';
import { FactTable } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { extractImages, imagesOf, imagesVariable } from './images.ts';

function extract(resource: JsonObject, kind: string, extractors?: JsonObject): Json | EvaluationError {
  const images = extractImages(resource, kind, { host: STILL_HOST, extractors });
  return images instanceof EvaluationError ? images : imagesVariable(images);
}

describe('workloads', () => {
  const spec = {
    containers: [{ name: 'a', image: 'nginx:1' }, { name: 'b' }],
    initContainers: [{ name: 'i', image: 'ghcr.io/x/y' }],
  };
  it.each<[string, JsonObject, string]>([
    ['Pod', { spec }, '/spec'],
    ['Deployment', { spec: { template: { spec } } }, '/spec/template/spec'],
    ['CronJob', { spec: { jobTemplate: { spec: { template: { spec } } } } }, '/spec/jobTemplate/spec/template/spec'],
  ])('%s', (kind, resource, prefix) => {
    expect(extract(resource, kind)).toEqual({
      initContainers: {
        i: {
          registry: 'ghcr.io',
          name: 'y',
          path: 'x/y',
          tag: 'latest',
          reference: 'ghcr.io/x/y:latest',
          referenceWithTag: 'ghcr.io/x/y:latest',
          jsonPointer: `${prefix}/initContainers/0/image`,
        },
      },
      containers: {
        a: {
          registry: 'docker.io',
          name: 'nginx',
          path: 'nginx',
          tag: '1',
          reference: 'docker.io/nginx:1',
          referenceWithTag: 'docker.io/nginx:1',
          jsonPointer: `${prefix}/containers/0/image`,
        },
      },
    });
  });

  it('other kinds have none', () => {
    expect(extract({ spec }, 'ConfigMap')).toEqual({});
  });
});

describe('imageExtractors', () => {
  const task: JsonObject = {
    spec: { steps: [{ image: 'oci://a/b:1', id: 's' }, { image: ' ' }], map: { k: { ref: 'c:2' } } },
  };
  const keysOf = (result: Json | EvaluationError): Json =>
    result instanceof EvaluationError
      ? result.message
      : Object.entries(result as Record<string, JsonObject>).map(([name, group]) => [name, ...Object.keys(group)]);
  it.each<[JsonObject, Json]>([
    [{ path: '/spec/map/*/ref' }, [['custom', '/spec/map/k/ref']]],
    [{ path: ' spec / map/*', value: 'ref', name: 'x' }, [['x', '/spec/map/k/ref']]],
    [{ path: '/spec/steps/*', value: 'image', key: 'id', jmesPath: "trim_prefix(@, 'oci://')" }, 'invalid key'],
    [{ path: '/spec/steps/*/image', jmesPath: "trim_prefix(@, 'oci://')" }, [['custom', '/spec/steps/0/image']]],
    [
      { path: '/spec/steps/*/image' },
      "invalid image 'oci://a/b:1' (bad image: oci://a/b:1, defaultRegistry: docker.io, enableDefaultRegistryMutation: true: invalid reference format)",
    ],
    [{ path: '/spec/steps/image' }, 'invalid image config'],
    [{ path: '/spec/map/k/ref/*/x' }, 'invalid type'],
    [{ path: '/spec/nope/*/x' }, []],
    [{ path: '/spec/map/k/ref', jmesPath: 'length(@)' }, 'jmespath length(@) must produce a string, but produced 3'],
  ])('%j', (entry, expected) => {
    expect(keysOf(extract(task, 'Task', { Task: [entry] }))).toEqual(expected);
  });

  it('an empty list is an error, other kinds keep the defaults', () => {
    expect(extract(task, 'Task', { Task: [] })).toEqual(new EvaluationError('no extractors found for Task'));
    expect(extract({ spec: { containers: [{ name: 'a', image: 'b' }] } }, 'Pod', { Task: [] })).toHaveProperty(
      'containers',
    );
  });

  it('keys named like object members are members', () => {
    const resource = { spec: { containers: [{ name: '__proto__', image: 'a' }] } };
    expect(Object.keys((extract(resource, 'Pod') as JsonObject)['containers'] as JsonObject)).toEqual(['__proto__']);
  });
});

describe('the rules of one evaluation', () => {
  const podOf = (image: string): JsonObject => ({ kind: 'Pod', spec: { containers: [{ name: 'a', image }] } });
  const pod = podOf('nginx:1');
  const input: RuleInput = {
    request: requestOf(pod),
    resource: pod,
    phase: 'validate',
    facts: new FactTable(),
    trace: undefined,
    known: { variable: undefined, images: undefined },
  };
  const extraction = { host: STILL_HOST };
  const imageOf = (asked: RuleInput) => {
    const images = imagesOf(asked, extraction);
    return images instanceof EvaluationError ? images : images.get('containers')?.get('a')?.reference;
  };

  it('share what was extracted', () => {
    expect(imagesOf(input, extraction)).toBe(imagesOf({ ...input }, { ...extraction }));
  });

  it('see the images of a patched object', () => {
    expect(imageOf(input)).toBe('docker.io/nginx:1');
    expect(imageOf({ ...input, resource: podOf('nginx:2') })).toBe('docker.io/nginx:2');
  });

  it('extract on their own when they do it otherwise', () => {
    imagesOf(input, extraction);
    const extractors = { Pod: [{ name: 'own', path: '/spec/containers/*/image' }] };
    const own = imagesOf(input, { ...extraction, extractors });
    expect(own instanceof EvaluationError ? own : [...own.keys()]).toEqual(['own']);
    expect(imageOf(input)).toBe('docker.io/nginx:1');
  });
});
