import { declareFunction } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { CelMap, isMap, type MapKey, mapGet, mapKeys, toMapKey } from '../values/cel-map.ts';
import { ANY, BOOL, type CelType, DYN, INT, listType, mapType, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { CelOpaque } from '../values/opaque.ts';
import { answered, bothSpellings, hostMember, hostOverload, toTexts } from './ask-host.ts';
import type { CelHost, HttpCall, HttpResponse } from './cel-host.ts';
import { contextValue } from './context-value.ts';

const GLOBAL_CONTEXT = opaqueType('globalcontext.Context');
const HTTP = opaqueType('http.Context');
const IMAGE_DATA = opaqueType('imagedata.Context');
const GENERATOR = opaqueType('generator.Context');
const HEADERS = mapType(STRING, STRING);

function variable(name: string, type: CelType) {
  return { name, type, value: contextValue(type) };
}

/** `globalContext.Get(name[, projection])`. */
export function globalContextLibrary(): CelLibrary {
  const get = (host: CelHost, _: unknown, name: string, projection = ''): CelResult =>
    answered('failed to get global reference', host.getGlobalContext?.(name, projection));
  return {
    name: 'kyverno.globalContext',
    variables: [variable('globalContext', GLOBAL_CONTEXT)],
    functions: bothSpellings(
      'Get',
      hostMember('globalcontext_get', [GLOBAL_CONTEXT, STRING], DYN, get),
      hostMember('globalcontext_get_projection', [GLOBAL_CONTEXT, STRING, STRING], DYN, get),
    ),
  };
}

interface HttpClient {
  readonly caBundle?: string;
}

type HttpValue = CelOpaque<HttpClient>;

/** An object as it came with the status added, anything else under `body`. */
function toResult({ status, body }: HttpResponse): CelValue {
  const entries = new Map<MapKey, CelValue>();
  if (isMap(body)) {
    for (const key of mapKeys(body)) entries.set(toMapKey(key) ?? String(key), mapGet(body, key) ?? null);
  } else {
    entries.set('body', body ?? null);
  }
  entries.set('statusCode', status);
  return new CelMap(entries);
}

function callHttp(host: CelHost, { payload }: HttpValue, call: HttpCall): CelResult {
  const answer = host.callHttp?.({ ...call, ...payload });
  return answer === undefined || answer instanceof CelError ? answered('request failed', answer) : toResult(answer);
}

const PEM_BEGIN = '-----BEGIN CERTIFICATE-----';
const PEM_END = '-----END CERTIFICATE-----';

function client(base: HttpValue, caBundle: string): CelResult {
  if (caBundle === '') return base;
  const begin = caBundle.indexOf(PEM_BEGIN);
  if (begin < 0 || caBundle.indexOf(PEM_END, begin) < 0)
    return new CelError('request failed: failed to parse PEM CA bundle for APICall');
  return new CelOpaque(HTTP, { caBundle });
}

const NO_HEADERS: CelValue = {};

/** `http.Get`, `Post` and `Client`. */
export function httpLibrary(): CelLibrary {
  const get = (host: CelHost, http: HttpValue, url: string, headers: CelValue = NO_HEADERS): CelResult =>
    callHttp(host, http, { url, headers: toTexts(headers) });
  const post = (
    host: CelHost,
    http: HttpValue,
    url: string,
    body: CelValue,
    headers: CelValue = NO_HEADERS,
  ): CelResult => callHttp(host, http, { url, headers: toTexts(headers), body });
  return {
    name: 'kyverno.http',
    variables: [{ name: 'http', type: HTTP, value: new CelOpaque<HttpClient>(HTTP, {}) }],
    functions: [
      ...bothSpellings(
        'Get',
        hostMember('http_get', [HTTP, STRING], ANY, get),
        hostMember('http_get_headers', [HTTP, STRING, HEADERS], ANY, get),
      ),
      ...bothSpellings(
        'Post',
        hostMember('http_post', [HTTP, STRING, DYN], ANY, post),
        hostMember('http_post_headers', [HTTP, STRING, DYN, HEADERS], ANY, post),
      ),
      ...bothSpellings(
        'Client',
        hostMember('http_client', [HTTP, STRING], HTTP, (_, base: HttpValue, caBundle: string) =>
          client(base, caBundle),
        ),
      ),
    ],
  };
}

/** `image.GetMetadata(reference)`. */
export function imageDataLibrary(): CelLibrary {
  const get = (host: CelHost, _: unknown, image: string): CelResult =>
    answered('failed to get image data', host.getImageMetadata?.(image));
  return {
    name: 'kyverno.imageData',
    variables: [variable('image', IMAGE_DATA)],
    functions: bothSpellings('GetMetadata', hostMember('image_getmetadata', [IMAGE_DATA, STRING], DYN, get)),
  };
}

/** The functions of ImageValidatingPolicy. */
export function imageVerifyLibrary(): CelLibrary {
  const attestors = listType(DYN);
  return {
    name: 'kyverno.imageVerify',
    functions: [
      declareFunction(
        'verifyImageSignatures',
        hostOverload('verify_image_signature', [STRING, attestors], INT, (host, image: string, list: CelValue) =>
          direct(host.verifyImageSignatures?.(image, list)),
        ),
      ),
      declareFunction(
        'verifyAttestationSignatures',
        hostOverload(
          'verify_attestation',
          [STRING, STRING, attestors],
          INT,
          (host, image: string, attestation: string, list: CelValue) =>
            direct(host.verifyAttestationSignatures?.(image, attestation, list)),
        ),
      ),
      declareFunction(
        'extractPayload',
        hostOverload('extract_payload', [STRING, STRING], DYN, (host, image: string, attestation: string) =>
          direct(host.extractPayload?.(image, attestation)),
        ),
      ),
      declareFunction(
        'getImageData',
        hostOverload('get_image_data', [STRING], DYN, (host, image: string) => direct(host.getImageData?.(image))),
      ),
    ],
  };
}

const UNAVAILABLE = new CelError('images are not verified here');

// These errors come with their full text.
function direct(answer: CelResult | undefined): CelResult {
  return answer === undefined ? UNAVAILABLE : answer;
}

/** `generator.Apply`: with a namespace in policies of the cluster, without one in namespaced policies. */
export function generatorLibrary(policyNamespace: string | undefined): CelLibrary {
  const objects = listType(mapType(STRING, DYN));
  const apply = (host: CelHost, namespace: string | undefined, list: readonly CelValue[]): CelResult =>
    answered('failed to generate resources', host.generate?.(namespace, list));
  return {
    name: 'kyverno.generator',
    variables: [variable('generator', GENERATOR)],
    functions: bothSpellings(
      'Apply',
      policyNamespace === undefined
        ? hostMember(
            'generator_apply',
            [GENERATOR, STRING, objects],
            BOOL,
            (host, _: unknown, namespace: string, list: readonly CelValue[]) => apply(host, namespace, list),
          )
        : hostMember('generator_apply', [GENERATOR, objects], BOOL, (host, _: unknown, list: readonly CelValue[]) =>
            apply(host, undefined, list),
          ),
    ),
  };
}
