import { describe, expect, it } from 'vitest';
import { formatIssues } from '../../syntax/source.ts';
import { CelError } from '../../values/cel-error.ts';
import { formatType } from '../../values/cel-type.ts';
import { type Json, toJson } from '../../values/to-json.ts';
import type { CelHost } from '../cel-host.ts';
import { createKyvernoEnvironment } from '../kyverno-environment.ts';
import { AUTHORIZATION_TYPES, type AuthorizationMode, readCheckRequest, readVerdict } from './check-request.ts';

const HOST: CelHost = { now: () => 1_700_000_000_000_000_000n, verifyJws: () => false };

const ENVOY_REQUEST: Json = {
  attributes: {
    source: { address: { socketAddress: { address: '10.0.0.1', portValue: 8080 } }, principal: 'spiffe://a' },
    request: {
      time: '2026-01-01T00:00:00Z',
      http: { method: 'GET', path: '/api', headers: { 'x-team': 'shop' }, size: '12', raw_body: 'aGk=' },
    },
    context_extensions: { tier: 'gold' },
    metadataContext: { filterMetadata: { jwt: { level: 3 } } },
  },
};
const HTTP_REQUEST: Json = {
  attributes: {
    METHOD: 'POST',
    header: { 'Content-Type': ['application/json'], 'x-lower': ['a'], 'X-Lower': ['b'] },
    query: { page: ['1', '2'] },
    body: 'eyJhIjogMX0=',
    contentLength: 8,
  },
};

function compile(text: string, mode: AuthorizationMode) {
  const dialect = mode === 'Envoy' ? 'envoy' : 'http';
  return createKyvernoEnvironment(dialect, { variables: { object: AUTHORIZATION_TYPES[mode].request } }).compile(text);
}

function evaluate(text: string, mode: AuthorizationMode) {
  const compiled = compile(text, mode);
  if ('issues' in compiled) return new CelError(formatIssues(text, compiled.issues).split('\n')[0] ?? '');
  const object = readCheckRequest(mode, mode === 'Envoy' ? ENVOY_REQUEST : HTTP_REQUEST);
  return compiled.program.evaluate({ object }, { host: HOST });
}

function run(text: string, mode: AuthorizationMode): unknown {
  const value = evaluate(text, mode);
  return value instanceof CelError ? `error: ${value.message}` : toJson(value);
}

function verdict(text: string, mode: AuthorizationMode): unknown {
  const value = evaluate(text, mode);
  const read = value instanceof CelError ? value : readVerdict(value);
  return read instanceof CelError ? `error: ${read.message}` : read;
}

describe('requests of Envoy', () => {
  it.each<[string, unknown]>([
    ['object.attributes.request.http.method', 'GET'],
    ['object.attributes.request.http.headers["x-team"]', 'shop'],
    ['object.attributes.request.http.size + 1', 13],
    ['string(object.attributes.request.http.raw_body)', 'hi'],
    ['object.attributes.request.time.getFullYear()', 2026],
    ['object.attributes.source.address.socket_address.port_value == 8080u', true],
    ['object.attributes.context_extensions.tier', 'gold'],
    ['object.attributes.metadata_context.filter_metadata.jwt.level == 3.0', true],
    // What is not set is as protobuf has it.
    ['object.attributes.destination.principal', ''],
    ['object.attributes.tls_session.sni', ''],
    ['has(object.attributes.tls_session)', false],
    ['has(object.attributes.request.http.method)', true],
    ['has(object.attributes.request.http.body)', false],
    ['object.attributes.request.http.header_map.headers.size()', 0],
    ['object.attributes.request.http.headers.constructor', 'error: no such key: constructor'],
    [
      'object.attributes.request.http.contextExtensions',
      "error: ERROR: <input>:1:31: undefined field 'contextExtensions'",
    ],
  ])('%s', (text, wanted) => {
    expect(run(text, 'Envoy')).toEqual(wanted);
  });

  it.each<[string, Json, string]>([
    ['an unknown field', { attributes: { request: { htp: {} } } }, 'attributes.request.htp is no field'],
    ['a member of objects', { attributes: { constructor: {} } }, 'attributes.constructor is no field'],
    ['one field in both spellings', { attributes: { tls_session: {}, tlsSession: {} } }, 'is given more than once'],
    ['another case', { Attributes: {} }, 'Attributes is no field'],
    ['no text', { attributes: { request: { http: { path: 1 } } } }, 'attributes.request.http.path must be a string'],
    [
      'headers as lists',
      { attributes: { request: { http: { headers: { a: ['b'] } } } } },
      'headers.a must be a string',
    ],
    ['no integer', { attributes: { request: { http: { size: 1.5 } } } }, 'size must be an integer'],
    [
      'an integer too large',
      { attributes: { request: { http: { size: '9223372036854775808' } } } },
      'must be an integer',
    ],
    ['no base64', { attributes: { request: { http: { rawBody: '%%%' } } } }, 'rawBody must be base64'],
    ['two of a oneof', { attributes: { source: { address: { pipe: {}, socketAddress: {} } } } }, 'has one of'],
    ['a list', { attributes: [] }, 'attributes must be an object'],
    ['no object', ['a'], 'must be an object'],
  ])('%s is refused', (_, json, message) => {
    const read = readCheckRequest('Envoy', json);
    expect(read instanceof CelError ? read.message : '').toContain(message);
  });

  it('a header `__proto__` is a header like any other', () => {
    const json = JSON.parse('{"attributes":{"request":{"http":{"headers":{"__proto__":"x"}}}}}') as Json;
    const compiled = compile('object.attributes.request.http.headers["__proto__"]', 'Envoy');
    const object = readCheckRequest('Envoy', json);
    expect('program' in compiled && compiled.program.evaluate({ object }, { host: HOST })).toBe('x');
  });
});

describe('requests of HTTP', () => {
  it.each<[string, unknown]>([
    ['object.attributes.method', 'POST'],
    // Header names are found in whatever case either side has them.
    ['object.attributes.Header("content-type")', ['application/json']],
    ['object.attributes.Header("CONTENT-TYPE")', ['application/json']],
    ['object.attributes.Header("X-LOWER")', ['a', 'b']],
    ['object.attributes.Header("x-none")', []],
    ['object.attributes.Header("constructor")', []],
    ['object.attributes.QueryParam("page")', ['1', '2']],
    ['object.attributes.QueryParam("Page")', []],
    ['object.attributes.contentLength', 8],
    ['json.Unmarshal(string(object.attributes.body)).a == 1.0', true],
    ['object.attributes.host', ''],
    ['"abc".reverse()', 'cba'],
  ])('%s', (text, wanted) => {
    expect(run(text, 'HTTP')).toEqual(wanted);
  });

  it.each<[string, Json, string]>([
    ['one field in two cases', { attributes: { path: '/a', Path: '/b' } }, 'attributes.Path is given more than once'],
    ['a header that is no list', { attributes: { header: { a: 'b' } } }, 'attributes.header.a must be a list'],
    ['a length in quotes of letters', { attributes: { contentLength: 'ten' } }, 'contentLength must be an integer'],
  ])('%s is refused', (_, json, message) => {
    const read = readCheckRequest('HTTP', json);
    expect(read instanceof CelError ? read.message : '').toContain(message);
  });

  it('ignores members it does not know, as upstream', () => {
    expect(readCheckRequest('HTTP', { attributes: { unknown: 1 }, more: {} })).not.toBeInstanceOf(CelError);
  });

  it('reads a huge body, which expressions see as it is', () => {
    const body = 'QUFB'.repeat(1_000_000);
    const compiled = compile('object.attributes.body.size()', 'HTTP');
    const object = readCheckRequest('HTTP', { attributes: { body } });
    expect('program' in compiled && compiled.program.evaluate({ object }, { host: HOST })).toBe(3_000_000);
  });
});

const AUTH = 'envoy.service.auth.v3';

describe('answers', () => {
  it.each<[AuthorizationMode, string, unknown]>([
    ['Envoy', 'envoy.Allowed().Response()', { isAllowed: true }],
    ['Envoy', 'envoy.Denied(403).Response()', { isAllowed: false, statusCode: '403' }],
    [
      'Envoy',
      'envoy.Denied(401).WithBody("no").WithHeader("a", "b").Response().WithMessage("m")',
      { isAllowed: false, statusCode: '401' },
    ],
    ['HTTP', 'http.Allowed().Response()', { isAllowed: true }],
    ['HTTP', 'http.Denied("why").Response()', { isAllowed: false, reason: 'why' }],
    // Answers written out: what does not clearly allow denies.
    ['Envoy', `${AUTH}.CheckResponse{}`, 'error: the response neither allows nor denies'],
    ['Envoy', `${AUTH}.CheckResponse{ok_response: ${AUTH}.OkHttpResponse{}}`, { isAllowed: true }],
    [
      'Envoy',
      `${AUTH}.CheckResponse{status: google.rpc.Status{code: 7}, ok_response: ${AUTH}.OkHttpResponse{}}`,
      { isAllowed: false, statusCode: '403' },
    ],
    [
      'Envoy',
      `${AUTH}.CheckResponse{ok_response: ${AUTH}.OkHttpResponse{}, denied_response: ${AUTH}.DeniedHttpResponse{}}`,
      `error: ${AUTH}.CheckResponse has one of denied_response, ok_response`,
    ],
    [
      'Envoy',
      `${AUTH}.CheckResponse{denied_response: ${AUTH}.DeniedHttpResponse{}}`,
      { isAllowed: false, statusCode: '403' },
    ],
    [
      'Envoy',
      `${AUTH}.CheckResponse{ok_response: dyn({})}`,
      `error: unsupported field type for ${AUTH}.CheckResponse.ok_response: map`,
    ],
    ['HTTP', 'http.CheckResponse{}', 'error: the response neither allows nor denies'],
    [
      'HTTP',
      'http.CheckResponse{ok: http.CheckResponseOk{}, denied: http.CheckResponseDenied{reason: "x"}}',
      'error: http.CheckResponse has one of ok, denied',
    ],
  ])('%s %s', (mode, text, wanted) => {
    expect(verdict(text, mode)).toEqual(wanted);
  });

  it('what is added to an answer is in it', () => {
    const text = `envoy.Allowed().WithHeader(envoy.Header("a", "").KeepEmptyValue()).WithHeader("b", "1").WithoutHeader("c")
      .WithResponseHeader("d", "2").WithQueryParam(envoy.QueryParam("e", "3")).WithQueryParam("f", "4").WithoutQueryParam("g")
      .Response().WithMessage("m").WithMetadata({"n": 1})`;
    expect(run(text, 'Envoy')).toEqual({
      status: { message: 'm' },
      dynamic_metadata: { n: 1 },
      ok_response: {
        headers: [{ header: { key: 'a' }, keep_empty_value: true }, { header: { key: 'b', value: '1' } }],
        headers_to_remove: ['c'],
        response_headers_to_add: [{ header: { key: 'd', value: '2' } }],
        query_parameters_to_set: [
          { key: 'e', value: '3' },
          { key: 'f', value: '4' },
        ],
        query_parameters_to_remove: ['g'],
      },
    });
  });

  it('an answer that is built upon stays as it was', () => {
    expect(
      run('cel.bind(a, envoy.Allowed(), [a.WithHeader("a", "b").headers.size(), a.headers.size()])', 'Envoy'),
    ).toEqual([1, 0]);
  });

  it.each<[AuthorizationMode, string, string]>([
    ['Envoy', 'true ? null : envoy.Allowed().Response()', `${AUTH}.CheckResponse`],
    ['HTTP', 'false ? http.Denied("x").Response() : null', 'http.CheckResponse'],
    ['HTTP', 'null', 'null'],
  ])('%s %s has type %s', (mode, text, wanted) => {
    const compiled = compile(text, mode);
    expect('issues' in compiled ? compiled.issues : formatType(compiled.resultType)).toBe(wanted);
  });

  it.each<[AuthorizationMode, string]>([
    ['Envoy', 'http.Allowed().Response()'],
    ['HTTP', 'envoy.Allowed().Response()'],
    ['HTTP', 'sha256("a")'],
    ['HTTP', 'globalContext.Get("a")'],
    ['HTTP', 'json.unmarshal("{}")'],
    ['HTTP', '[1].all(i, v, v > 0)'],
    ['HTTP', 'request.operation'],
    ['HTTP', '[1, "a"]'],
  ])('%s knows no `%s`', (mode, text) => {
    expect('issues' in compile(text, mode)).toBe(true);
  });
});

const CALL =
  '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"rm","arguments":{"path":"/","depth":3,"force":"true","tags":["a",1],"n":["4",5]}}}';

describe('requests of MCP', () => {
  const parsed = `mcp.Parse('${CALL}')`;
  it.each<[string, unknown]>([
    [`${parsed}.Method == mcp.ToolsCallMethod`, true],
    [`${parsed}.ToolCall.Name`, 'rm'],
    [`${parsed}.ID == 7.0`, true],
    [`${parsed}.GetStringArgument('path', '')`, '/'],
    [`${parsed}.GetStringArgument('depth', 'none')`, 'none'],
    [`${parsed}.GetStringArgument('constructor', 'none')`, 'none'],
    [`${parsed}.GetIntArgument('depth', 0)`, 3],
    [`${parsed}.GetFloatArgument('depth', 0.5) == 3.0`, true],
    [`${parsed}.GetBoolArgument('force', false)`, true],
    [`${parsed}.GetBoolArgument('none', true)`, true],
    [`${parsed}.GetStringSliceArgument('tags', 'x')`, ['a']],
    [`${parsed}.GetStringSliceArgument('none', ['x'])`, ['x']],
    [`${parsed}.GetIntSliceArgument('n', 0)`, [4, 5]],
    [`has(${parsed}.ResourceRead)`, false],
    [`mcp.Parse(b'{"method":"ping"}').Method == mcp.PingMethod`, true],
    [`mcp.Parse('{"METHOD":"tools/list"}').Method`, 'tools/list'],
    // Two readers could disagree on which one counts.
    [
      `mcp.Parse('{"method":"ping","Method":"tools/call"}').Method`,
      'error: failed to parse the MCP request: Method is given more than once',
    ],
    [
      `mcp.Parse('{"method":"tools/call","params":{"name":1}}')`,
      'error: failed to parse the MCP request: params.name must be a string',
    ],
    [`mcp.Parse('[]')`, 'error: failed to parse the MCP request: must be an object'],
    [`mcp.Parse(1)`, 'error: failed to parse the MCP request: it is no text'],
  ])('%s', (text, wanted) => {
    expect(run(text, 'HTTP')).toEqual(wanted);
  });
});
