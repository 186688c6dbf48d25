import { describe, expect, it } from 'vitest';
import { formatIssues } from '../syntax/source.ts';
import { CelError } from '../values/cel-error.ts';
import { DYN, formatType } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';
import { toJson } from '../values/to-json.ts';
import type { CelHost } from './cel-host.ts';
import { createKyvernoEnvironment, type KyvernoDialect } from './kyverno-environment.ts';
import { checkObjectNames } from './patch-types.ts';

/** A host that answers with what it was asked, so that rows show both. */
const HOST: CelHost = {
  getResource: (address, name) => (name === 'gone' ? null : { asked: { ...address, name } }),
  listResources: (address, labels) => ({ items: [{ ...address, labels: { ...labels } }] }),
  postResource: (_, object) => object,
  toGroupVersionResource: (apiVersion, kind) =>
    kind === 'Pod' ? { group: '', version: apiVersion, resource: 'pods' } : new CelError(`no matches for kind ${kind}`),
  getGlobalContext: (name, projection) => (name === 'none' ? null : `${name}/${projection}`),
  callHttp: ({ url, headers, body, caBundle }) =>
    url === 'bad'
      ? new CelError('no route')
      : {
          status: 200,
          body: url === 'text' ? undefined : { url, headers: { ...headers }, body: body ?? null, ca: caBundle ?? '' },
        },
  getImageMetadata: (image) => ({ image }),
  verifyImageSignatures: (_, attestors) => (Array.isArray(attestors) ? attestors.length : 0),
  generate: (namespace, objects) =>
    namespace === 'kube-system' ? new CelError('permission denied: no') : objects.length > 0,
  hash: (algorithm, text) => `${algorithm}:${text}`,
  parseYaml: () => ({ a: [1, 2.5] }),
  decodeCertificate: () => ({ Issuer: { CommonName: 'ca' } }),
  compress: (text) => Uint8Array.from([text.length]),
  decompress: (bytes) => `${bytes.length}`,
  random: () => 0.5,
  now: () => 1_700_000_000_000_000_000n,
};

function run(
  text: string,
  dialect: KyvernoDialect = 'validating',
  namespace?: string,
  host: CelHost | undefined = HOST,
): unknown {
  const environment = createKyvernoEnvironment(dialect, { variables: { object: DYN } }, namespace);
  const compiled = environment.compile(text);
  if ('issues' in compiled) return formatIssues(text, compiled.issues).split('\n')[0];
  const object: CelValue = { name: 'a', items: [{ k: 'x', v: 1 }] };
  const value = compiled.program.evaluate({ object }, { host });
  return value instanceof CelError ? `error: ${value.message}` : toJson(value);
}

describe('functions over the host', () => {
  it.each<[string, unknown]>([
    [
      "resource.Get('v1', 'pods', 'default', 'a').asked",
      { apiVersion: 'v1', resource: 'pods', namespace: 'default', name: 'a' },
    ],
    ["resource.get(resource.toGVR('v1', 'Pod'), 'default', 'a').asked.resource", 'pods'],
    ["dyn(resource.Get('v1', 'pods', 'default', 'gone')) == null", true],
    [
      "resource.Get('v1', 'pods', 'default', 'gone') == null",
      "ERROR: <input>:1:47: found no matching overload for '_==_' applied to '(map(string, dyn), null)'",
    ],
    ["resource.List('apps/v1', 'deployments', '').items.size()", 1],
    ["resource.List('v1', 'pods', 'x', {'app': 'a'}).items[0].labels.app", 'a'],
    ["resource.Post('v1', 'pods', {'kind': 'Pod'}).kind", 'Pod'],
    ["resource.ToGVR('v1', 'Nope')", 'error: failed to map kind to resource: no matches for kind Nope'],
    ["globalContext.Get('a')", 'a/'],
    ["globalContext.get('a', 'p')", 'a/p'],
    ["globalContext.Get('none') == null", true],
    ["http.Get('u', {'h': '1'})", { url: 'u', headers: { h: '1' }, body: null, ca: '', statusCode: 200 }],
    ["http.Post('u', {'a': 1}).body", { a: 1 }],
    ["http.get('text')", { body: null, statusCode: 200 }],
    ["http.Get('bad')", 'error: request failed: no route'],
    ["http.Client('nope').Get('u')", 'error: request failed: failed to parse PEM CA bundle for APICall'],
    ["image.GetMetadata('nginx').image", 'nginx'],
    ["sha256('a') + hash.md5('b')", 'sha256:amd5:b'],
    ["yaml.parse('x').a.map(n, type(n) == double)", [true, true]],
    ["x509.decode('pem').Issuer.CommonName", 'ca'],
    ["gzip.decompress(gzip.compress('abc'))", '1'],
    ['time.now()', '2023-11-14T22:13:20Z'],
    ['time.truncate(time.now(), duration("1h"))', '2023-11-14T22:00:00Z'],
    ['time.toCron(time.now())', '13 22 14 11 2'],
    ['random()', 'iiiiiiii'],
    ["random('[0-9]{3}-(a|b)x?')", '555-bx'],
    ["random('(?=x)')", 'error: cannot generate a text for pattern (?=x)'],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });

  it('answers nothing without a host', () => {
    const nothing: CelHost = {};
    expect(run("resource.Get('v1', 'pods', '', 'a')", 'validating', undefined, nothing)).toBe(
      'error: failed to get resource: not available',
    );
    expect(run('time.now()', 'validating', undefined, nothing)).toBe('error: there is no clock');
  });
});

describe('functions of their own', () => {
  it.each<[string, unknown]>([
    [
      "image('nginx').registry() + '/' + image('nginx').repository() + ':' + image('nginx').tag()",
      'index.docker.io/library/nginx:latest',
    ],
    ["parseImageReference('ghcr.io:443/a/b:1').identifier()", '1'],
    [`image('a/b@sha256:${'0'.repeat(64)}').containsDigest()`, true],
    ["isImage('UPPER/case')", false],
    ["image('bad image')", 'error: could not parse reference: bad image'],
    ["parseServiceAccount('system:serviceaccount:ns:sa').Name", 'sa'],
    ["user.parseServiceAccount('bob').Namespace", ''],
    ['json.unmarshal(\'{"a": 1}\').a == 1.0', true],
    ["json.marshal({'b': ['y'], 'a': ['x']})", '{"a":["x"],"b":["y"]}'],
    ["json.unmarshal('{')", expect.stringContaining('error: failed to unmarshal JSON')],
    ["listObjToMap(object.items, object.items, 'k', 'v').x", 1],
    [
      "listObjToMap([{'a': 'x'}], [], 'a', 'b')",
      'error: listObjToMap must take lists of equal length. list1: 1, list2: 0',
    ],
    ['math.round(1.2355, 2)', 1.24],
    ["'a'.orValue(1)", 'a'],
    ["object.?gone.orValue('none')", 'none'],
    ['object.?name.orValue(1 / 0)', 'error: division by zero'],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });
});

describe('dialects', () => {
  it.each<[KyvernoDialect, string, string | undefined, unknown]>([
    ['generating', "[1, 'a'].size()", undefined, 2],
    ['validating', "[1, 'a'].size()", undefined, "ERROR: <input>:1:5: expected type 'int' but found 'string'"],
    ['generating', "generator.Apply('default', [{'kind': 'Pod'}])", undefined, true],
    [
      'generating',
      "generator.Apply('kube-system', [{'kind': 'Pod'}])",
      undefined,
      'error: failed to generate resources: permission denied: no',
    ],
    ['generating', "generator.apply([{'kind': 'Pod'}])", 'team', true],
    ['generating', '[1].all(i, v, true)', undefined, expect.stringContaining("undeclared reference to 'all'")],
    ['validating', '[1].all(i, v, v > i)', undefined, true],
    ['validating', "resource.Get('v1', 'pods', 'a')", undefined, expect.stringContaining('found no matching overload')],
    ['validating', "resource.Get('v1', 'pods', 'a').asked.namespace", 'team', 'team'],
    [
      'validating',
      "resource.Get('v1', 'pods', 'other', 'a')",
      'team',
      expect.stringContaining('found no matching overload'),
    ],
    ['image-validating', "verifyImageSignatures('nginx', [object, object])", undefined, 2],
    ['image-validating', "'a'.orValue('b')", undefined, expect.stringContaining('found no matching overload')],
    ['deleting', "parseServiceAccount('a')", undefined, expect.stringContaining('undeclared reference')],
    ['validating', "'abc'.reverse()", undefined, expect.stringContaining('found no matching overload')],
    ['validating', "timestamp('x')", undefined, 'ERROR: <input>:1:11: invalid timestamp argument'],
    [
      'mutating',
      "[JSONPatch{op: 'add', path: '/a/' + jsonpatch.escapeKey('b/c'), value: 1}]",
      undefined,
      [{ op: 'add', path: '/a/b~1c', value: 1 }],
    ],
    ['mutating', 'Object{spec: Object.spec{`replica-count`: 1}}', undefined, { spec: { 'replica-count': 1 } }],
    [
      'mutating',
      'JSONPatch{op: 1}',
      undefined,
      "ERROR: <input>:1:13: expected type of field 'op' is 'string' but provided type is 'int'",
    ],
    ['validating', 'Object{}', undefined, expect.stringContaining("undeclared reference to 'Object'")],
  ])('%s: %s', (dialect, text, namespace, expected) => {
    expect(run(text, dialect, namespace)).toEqual(expected);
  });

  it('types apply configurations and patches by name', () => {
    const environment = createKyvernoEnvironment('mutating');
    const typeOf = (text: string) => {
      const compiled = environment.compile(text);
      return 'issues' in compiled ? 'issues' : formatType(compiled.resultType);
    };
    expect(typeOf('Object{}')).toBe('Object');
    expect(typeOf("[JSONPatch{op: 'remove', path: '/a'}]")).toBe('list(JSONPatch)');
  });

  it('finds objects whose name is not their path', () => {
    const environment = createKyvernoEnvironment('mutating');
    const evaluate = (text: string): CelValue => {
      const compiled = environment.compile(text);
      const value = 'issues' in compiled ? new CelError('issues') : compiled.program.evaluate({});
      if (value instanceof CelError) throw new Error(value.message);
      return value;
    };
    expect(checkObjectNames(evaluate('Object{spec: Object.spec{list: [Object.spec.list{a: 1}]}}'))).toBeUndefined();
    expect(checkObjectNames(evaluate('Object{spec: Object.metadata{}}'))?.message).toBe(
      'type mismatch: unexpected type name "Object.metadata", expected "Object.spec", which matches field name path from root Object type',
    );
  });
});
