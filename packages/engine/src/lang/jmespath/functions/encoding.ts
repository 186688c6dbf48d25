import type { EngineHost } from '../../../kernel/host.ts';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { parseGoJson } from '../go-json.ts';
import { parseGoYaml } from '../go-yaml.ts';
import { definePure, type FunctionDefinition, parameter } from './definition.ts';

/** Functions that read and write encodings, and those that hash. */
export const ENCODING_FUNCTIONS: readonly FunctionDefinition[] = [
  definePure({
    name: 'base64_decode',
    parameters: [parameter('value', 'string')],
    returns: 'string',
    summary: 'the text behind base64',
    example: { expression: "base64_decode('SGVsbG8=')", result: 'Hello' },
    call: ([value]) => decodeBase64(value as string),
  }),
  definePure({
    name: 'base64_encode',
    parameters: [parameter('value', 'string')],
    returns: 'string',
    summary: 'a text as base64',
    example: { expression: "base64_encode('Hello')", result: 'SGVsbG8=' },
    call: ([value]) => encodeBase64(value as string),
  }),
  definePure({
    name: 'parse_json',
    parameters: [parameter('value', 'string')],
    returns: 'any',
    summary: 'the value a JSON text stands for',
    example: { expression: 'parse_json(\'{"a": 1}\')', result: { a: 1 } },
    call: ([value]) => parseGoJson(value as string),
  }),
  definePure({
    name: 'parse_yaml',
    parameters: [parameter('value', 'string')],
    returns: 'any',
    summary: 'the value of the first document of a YAML text',
    example: { expression: "parse_yaml('a: [1, yes]')", result: { a: [1, true] } },
    call: ([value]) => parseGoYaml(value as string),
  }),
  hashFunction('sha256', 'SHA-256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
  hashFunction('sha1', 'SHA-1', 'a9993e364706816aba3e25717850c26c9cd0d89d'),
  hashFunction('md5', 'MD5', '900150983cd24fb0d6963f7d28e17f72'),
  {
    name: 'x509_decode',
    parameters: [parameter('pem', 'string')],
    returns: 'object',
    summary: "the fields of a PEM certificate or certificate request with an RSA key, named as in Go's structures",
    example: {
      expression: 'x509_decode(certificate).Subject.CommonName',
      input: { certificate: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n' },
      result: 'example.org',
    },
    bind:
      (host: EngineHost) =>
      ([pem]) =>
        host.decodeCertificate(pem as string),
  },
];

function hashFunction(name: 'sha256' | 'sha1' | 'md5', title: string, ofAbc: string): FunctionDefinition {
  return {
    name,
    parameters: [parameter('value', 'string')],
    returns: 'string',
    summary: `the ${title} digest of a text, in lower-case hexadecimal`,
    example: { expression: `${name}('abc')`, result: ofAbc },
    bind:
      (host) =>
      ([value]) =>
        host.hash(name, value as string),
  };
}
