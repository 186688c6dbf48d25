import { declareFunction, type FunctionDeclaration, member } from '../../declare/function-declaration.ts';
import type { CelLibrary } from '../../declare/library.ts';
import { CelError } from '../../values/cel-error.ts';
import { isMap, mapGet } from '../../values/cel-map.ts';
import { BOOL, type CelType, DOUBLE, DYN, INT, listType, opaqueType, STRING } from '../../values/cel-type.ts';
import type { CelResult, CelValue } from '../../values/cel-value.ts';
import { doubleValue, isDouble, toDouble } from '../../values/numbers.ts';
import { decodeUtf8 } from '../../values/utf8.ts';
import { contextValue } from '../context-value.ts';
import { parseJson } from '../data-libraries.ts';
import { argumentsOf, MCP_METHODS, MCP_REQUEST, MCP_SHAPES, readMcpRequest } from './mcp-request.ts';
import type { CelMessage } from './message.ts';

/** `mcp.Parse`, the arguments of what it gives, and names of methods (kyverno-authz, library `mcp`). */
export function mcpLibrary(): CelLibrary {
  const type = opaqueType('mcp.MCP');
  return {
    name: 'kyverno.mcp',
    types: MCP_SHAPES.map(({ declaration }) => declaration),
    variables: [
      { name: 'mcp', type, value: contextValue(type) },
      ...Object.entries(MCP_METHODS).map(([name, value]) => ({ name: `mcp.${name}`, type: STRING, value })),
    ],
    functions: [
      declareFunction(
        'Parse',
        member('mcp_parse_bytes_dyn', [type, DYN], MCP_REQUEST.type, (_: unknown, content: CelValue) => parse(content)),
      ),
      ...argument('String', STRING, toText),
      ...argument('Int', INT, toInteger),
      ...argument('Float', DOUBLE, toFloat),
      ...argument('Bool', BOOL, toTruth),
    ],
  };
}

function parse(content: CelValue): CelResult {
  const text = content instanceof Uint8Array ? decodeUtf8(content) : content;
  if (typeof text !== 'string') return new CelError('failed to parse the MCP request: it is no text');
  const json = parseJson(text);
  const request = json instanceof CelError ? json : readMcpRequest(json);
  return request instanceof CelError ? new CelError(`failed to parse the MCP request: ${request.message}`) : request;
}

/** What an argument is as the wanted type; `undefined` when it is nothing of the kind. */
type Convert = (value: CelValue) => CelValue | undefined;

/** `Get…Argument(key, default)` and `Get…SliceArgument(key, default)`; elements of another type are left out. */
function argument(name: string, type: CelType, convert: Convert): readonly FunctionDeclaration[] {
  const find = (request: CelMessage, key: string): CelValue | undefined => {
    const given = argumentsOf(request);
    return isMap(given) ? mapGet(given, key) : undefined;
  };
  const one = (request: CelMessage, key: string, fallback: CelValue): CelResult => {
    const found = find(request, key);
    return (found === undefined ? undefined : convert(found)) ?? fallback;
  };
  const all = (request: CelMessage, key: string, fallback: CelValue): CelResult => {
    const found = find(request, key);
    if (Array.isArray(found)) return found.flatMap((item: CelValue) => convert(item) ?? []);
    return Array.isArray(fallback) ? fallback : [fallback];
  };
  const id = `mcp_get_${name.toLowerCase()}`;
  const list = listType(type);
  return [
    declareFunction(`Get${name}Argument`, member(id, [MCP_REQUEST.type, STRING, type], type, one)),
    declareFunction(
      `Get${name}SliceArgument`,
      member(`${id}_slice`, [MCP_REQUEST.type, STRING, type], list, all),
      member(`${id}_slice_list`, [MCP_REQUEST.type, STRING, list], list, all),
    ),
  ];
}

function toText(value: CelValue): CelValue | undefined {
  return typeof value === 'string' ? value : undefined;
}

function toInteger(value: CelValue): CelValue | undefined {
  if (isDouble(value)) {
    const whole = Math.trunc(doubleValue(value));
    return Number.isSafeInteger(whole) ? whole : undefined;
  }
  if (typeof value !== 'string' || !/^[+-]?\d+$/.test(value)) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
}

function toFloat(value: CelValue): CelValue | undefined {
  if (isDouble(value)) return value;
  if (typeof value !== 'string' || !/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value)) return undefined;
  return toDouble(Number(value));
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function toTruth(value: CelValue): CelValue | undefined {
  if (typeof value === 'boolean') return value;
  if (isDouble(value)) return doubleValue(value) !== 0;
  if (typeof value !== 'string') return undefined;
  if (TRUE.has(value)) return true;
  return FALSE.has(value) ? false : undefined;
}
