import { CelError } from '../../values/cel-error.ts';
import { DYN } from '../../values/cel-type.ts';
import type { Json } from '../../values/to-json.ts';
import { withDoubles } from '../data-libraries.ts';
import { CelMessage, isJsonMap, type MessageShape, messageShape, type Shape } from './message.ts';
import { mapOf, STRUCT, TEXT } from './shapes.ts';

/** Any JSON; numbers are doubles. */
const DYNAMIC: Shape = { type: DYN, empty: null, read: (json) => withDoubles(json) };

const PAGINATED = messageShape('mcp.PaginatedParams', { Cursor: TEXT });
const TOOL_CALL = messageShape('mcp.CallToolParams', { Name: TEXT, Arguments: DYNAMIC });
const RESOURCE_READ = messageShape('mcp.ReadResourceParams', { URI: TEXT, Arguments: STRUCT });
const PROMPT_GET = messageShape('mcp.GetPromptParams', { Name: TEXT, Arguments: mapOf(TEXT) });
const CLIENT = messageShape('mcp.Implementation', { Name: TEXT, Version: TEXT, Title: TEXT });
const INITIALIZE = messageShape('mcp.InitializeParams', {
  ProtocolVersion: TEXT,
  Capabilities: STRUCT,
  ClientInfo: CLIENT,
});
const ELICITATION = messageShape('mcp.ElicitationParams', { Message: TEXT, RequestedSchema: DYNAMIC });
const SET_LEVEL = messageShape('mcp.SetLevelParams', { Level: TEXT });

/** A request of the Model Context Protocol: its method, and the parameters of that one. */
export const MCP_REQUEST = messageShape('mcp.MCPRequest', {
  Method: TEXT,
  ID: DYNAMIC,
  Paginated: PAGINATED,
  ToolCall: TOOL_CALL,
  ResourceRead: RESOURCE_READ,
  PromptGet: PROMPT_GET,
  Initialize: INITIALIZE,
  Elicitation: ELICITATION,
  SetLogLevel: SET_LEVEL,
});

export const MCP_SHAPES: readonly MessageShape[] = [
  PAGINATED,
  TOOL_CALL,
  RESOURCE_READ,
  PROMPT_GET,
  CLIENT,
  INITIALIZE,
  ELICITATION,
  SET_LEVEL,
  MCP_REQUEST,
];

/** Names of methods by what expressions call them. */
export const MCP_METHODS: Readonly<Record<string, string>> = {
  InitializeMethod: 'initialize',
  PingMethod: 'ping',
  ResourcesListMethod: 'resources/list',
  ResourcesTemplatesListMethod: 'resources/templates/list',
  ResourcesReadMethod: 'resources/read',
  PromptsListMethod: 'prompts/list',
  PromptsGetMethod: 'prompts/get',
  ToolsListMethod: 'tools/list',
  ToolsCallMethod: 'tools/call',
  SetLogLevelMethod: 'logging/setLevel',
  ElicitationCreateMethod: 'elicitation/create',
};

/** Which field the parameters of a method are in. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['initialize', 'Initialize'],
  ['resources/list', 'Paginated'],
  ['resources/templates/list', 'Paginated'],
  ['tools/list', 'Paginated'],
  ['prompts/list', 'Paginated'],
  ['resources/read', 'ResourceRead'],
  ['tools/call', 'ToolCall'],
  ['prompts/get', 'PromptGet'],
  ['logging/setLevel', 'SetLogLevel'],
  ['elicitation/create', 'Elicitation'],
]);

const RULES = {
  isNamed: (member: string, field: string) => member.toLowerCase() === field.toLowerCase(),
  ignoresUnknown: true,
};

const ENVELOPE = messageShape('mcp.Envelope', { jsonrpc: TEXT, method: TEXT, id: DYNAMIC, params: DYNAMIC });

/** Reads the JSON of a request; names go in any case, as in Go, but each only once. */
export function readMcpRequest(json: Json): CelMessage | CelError {
  const envelope = ENVELOPE.read(json, '', RULES);
  if (envelope instanceof CelError) return envelope;
  if (!(envelope instanceof CelMessage) || !isJsonMap(json)) return new CelError('no request');
  const method = envelope.get('method');
  const name = typeof method === 'string' ? method : '';
  const request = MCP_REQUEST.empty.with('Method', name).with('ID', envelope.get('id') ?? null);
  const field = PARAMETERS.get(name);
  const shape = field === undefined ? undefined : MCP_REQUEST.fields.get(field);
  if (field === undefined || shape === undefined) return request;
  const given = Object.entries(json).find(([member]) => member.toLowerCase() === 'params')?.[1] ?? {};
  const params = shape.read(given, 'params', RULES);
  return params instanceof CelError ? params : request.with(field, params);
}

/** Arguments of a tool, else of a resource, else of a prompt. */
export function argumentsOf(request: CelMessage): unknown {
  for (const field of ['ToolCall', 'ResourceRead', 'PromptGet']) {
    const params = request.has(field) ? request.get(field) : undefined;
    if (params instanceof CelMessage && params.has('Arguments')) return params.get('Arguments');
  }
  return undefined;
}
