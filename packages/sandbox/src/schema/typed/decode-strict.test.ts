import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json/json-value.ts';
import { SchemaError } from '../model/schema-error.ts';
import { decodeStrict, parseYaml, strictDecodingError, typedRoundTrip } from './decode-strict.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };

function pod(container: JsonObject, spec: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [container], ...spec } };
}

function problemOf(object: JsonObject): string {
  try {
    decodeStrict(JSON.stringify(object), POD);
  } catch (error) {
    if (error instanceof SchemaError) return error.message;
    throw error;
  }
  return 'none';
}

describe('decodeStrict', () => {
  const prefix = 'Pod in version "v1" cannot be handled as a Pod: ';

  it.each<[string, JsonObject, string]>([
    [
      'a string for a number',
      pod({ name: 'c', ports: [{ containerPort: 'x' }] }),
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      'a number for a named string',
      pod({ name: 'c', imagePullPolicy: 1 }),
      'json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy',
    ],
    [
      'a number for a label',
      { ...pod({ name: 'c' }), metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'an object for a list',
      { ...pod({ name: 'c' }), spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'a fraction for an integer',
      pod({ name: 'c' }, { priority: 1.5 }),
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      'a member of an embedded struct',
      pod({ name: 'c' }, { volumes: [{ name: 'v', hostPath: { path: 1 } }] }),
      'json: cannot unmarshal number into Go struct field HostPathVolumeSource.spec.volumes.VolumeSource.hostPath.path of type string',
    ],
    [
      'no quantity',
      pod({ name: 'c', resources: { limits: { cpu: 'much' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('refuses %s', (_what, object, problem) => {
    expect(problemOf(object)).toBe(prefix + problem);
  });

  it('an object in another one may say of what kind it is', () => {
    const claim = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata: { name: 'data' }, zz: 1 };
    const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { volumeClaimTemplates: [claim] } };
    const { object, unknownFields } = decodeStrict(JSON.stringify(set));
    expect(unknownFields).toEqual(['spec.volumeClaimTemplates[0].zz']);
    expect(object).toMatchObject({
      spec: { volumeClaimTemplates: [{ kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata: { name: 'data' } }] },
    });
  });

  it('names unknown and repeated fields by path', () => {
    const text =
      '{"apiVersion":"v1","kind":"Pod","zz":1,"spec":{"containers":[{"name":"a","zzz":1,"image":"x","image":"y"}]}}';
    const decoding = decodeStrict(text, POD);
    expect(strictDecodingError(POD, decoding)).toBe(
      `${prefix}strict decoding error: unknown field "zz", unknown field "spec.containers[0].zzz", duplicate field "spec.containers[0].image"`,
    );
  });

  it.each([
    ['{bad}', "json parse error: invalid character 'b' looking for beginning of object key string ({bad})"],
    ['', 'json parse error: unexpected end of JSON input (<empty>)'],
  ])('tells why %j is no object', (text, problem) => {
    expect(() => decodeStrict(text, POD)).toThrow(
      `the object provided is unrecognized (must be of type Pod): couldn't get version/kind; ${problem}`,
    );
  });

  it('leaves kinds it has no type for as they are written', () => {
    const decoding = decodeStrict('{"apiVersion":"example.com/v1","kind":"Widget","spec":{"a":null}}');
    expect(decoding).toEqual({
      object: { apiVersion: 'example.com/v1', kind: 'Widget', spec: { a: null } },
      unknownFields: [],
      duplicateFields: [],
    });
  });

  it('reads YAML into JSON values', () => {
    expect(parseYaml('a: 1\nb: [x, ~]\n1: 2\n').value).toEqual({ a: 1, b: ['x', null], '1': 2 });
    expect(() => parseYaml('a: [')).toThrow('error converting YAML to JSON');
    expect(() => parseYaml('['.repeat(20_000))).toThrow(SchemaError);
  });
});

describe('typedRoundTrip', () => {
  it('drops zeros of plain fields and keeps those of pointers', () => {
    const object = pod(
      { name: 'c', tty: false, workingDir: '', securityContext: { privileged: false } },
      {
        hostNetwork: false,
        hostPID: false,
        nodeName: null,
        nodeSelector: {},
        tolerations: [],
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
      },
    );
    expect(typedRoundTrip(POD, object)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        containers: [{ name: 'c', resources: {}, securityContext: { privileged: false } }],
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
      },
      status: {},
    });
  });

  it('makes structs and canonical quantities appear', () => {
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: {
        replicas: 0,
        template: { spec: { containers: [{ name: 'c', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] } },
      },
    };
    expect(typedRoundTrip(DEPLOYMENT, object)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {},
      spec: {
        replicas: 0,
        selector: null,
        strategy: {},
        template: {
          metadata: {},
          spec: { containers: [{ name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' } } }] },
        },
      },
      status: {},
    });
  });

  it('keeps data under a key named like the prototype', () => {
    const map = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","data":{"__proto__":"x"}}') as JsonObject;
    const result = typedRoundTrip({ group: '', version: 'v1', kind: 'ConfigMap' }, map);
    expect(JSON.stringify(result['data'])).toBe('{"__proto__":"x"}');
  });
});
