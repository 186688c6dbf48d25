import type { TypeDeclaration } from '../../declare/type-declaration.ts';
import { type MessageShape, messageShape } from './message.ts';
import {
  ANYTHING,
  enumeration,
  FLAG,
  INTEGER,
  listOf,
  mapOf,
  OCTETS,
  OPTIONAL_FLAG,
  STRUCT,
  TEXT,
  TIME,
  UNSIGNED,
} from './shapes.ts';

const CORE = 'envoy.config.core.v3';
const AUTH = 'envoy.service.auth.v3';

const SOCKET_ADDRESS = messageShape(
  `${CORE}.SocketAddress`,
  {
    protocol: enumeration({ TCP: 0, UDP: 1 }),
    address: TEXT,
    port_value: UNSIGNED,
    named_port: TEXT,
    resolver_name: TEXT,
    ipv4_compat: FLAG,
    network_namespace_filepath: TEXT,
  },
  ['port_value', 'named_port'],
);
const PIPE = messageShape(`${CORE}.Pipe`, { path: TEXT, mode: UNSIGNED });
const INTERNAL_ADDRESS = messageShape(`${CORE}.EnvoyInternalAddress`, {
  server_listener_name: TEXT,
  endpoint_id: TEXT,
});
const ADDRESS = messageShape(
  `${CORE}.Address`,
  { socket_address: SOCKET_ADDRESS, pipe: PIPE, envoy_internal_address: INTERNAL_ADDRESS },
  ['socket_address', 'pipe', 'envoy_internal_address'],
);
const METADATA = messageShape(`${CORE}.Metadata`, {
  filter_metadata: mapOf(STRUCT),
  typed_filter_metadata: mapOf(ANYTHING),
});
const HEADER_VALUE = messageShape(`${CORE}.HeaderValue`, { key: TEXT, value: TEXT, raw_value: OCTETS });
const HEADER_MAP = messageShape(`${CORE}.HeaderMap`, { headers: listOf(HEADER_VALUE) });
const HEADER_VALUE_OPTION = messageShape(`${CORE}.HeaderValueOption`, {
  header: HEADER_VALUE,
  append: OPTIONAL_FLAG,
  append_action: enumeration({
    APPEND_IF_EXISTS_OR_ADD: 0,
    ADD_IF_ABSENT: 1,
    OVERWRITE_IF_EXISTS_OR_ADD: 2,
    OVERWRITE_IF_EXISTS: 3,
  }),
  keep_empty_value: FLAG,
});
const QUERY_PARAMETER = messageShape(`${CORE}.QueryParameter`, { key: TEXT, value: TEXT });

const PEER = messageShape(`${AUTH}.AttributeContext.Peer`, {
  address: ADDRESS,
  service: TEXT,
  labels: mapOf(TEXT),
  principal: TEXT,
  certificate: TEXT,
});
const HTTP_REQUEST = messageShape(`${AUTH}.AttributeContext.HttpRequest`, {
  id: TEXT,
  method: TEXT,
  headers: mapOf(TEXT),
  header_map: HEADER_MAP,
  path: TEXT,
  host: TEXT,
  scheme: TEXT,
  query: TEXT,
  fragment: TEXT,
  size: INTEGER,
  protocol: TEXT,
  body: TEXT,
  raw_body: OCTETS,
});
const REQUEST = messageShape(`${AUTH}.AttributeContext.Request`, { time: TIME, http: HTTP_REQUEST });
const TLS_SESSION = messageShape(`${AUTH}.AttributeContext.TLSSession`, { sni: TEXT });
const ATTRIBUTE_CONTEXT = messageShape(`${AUTH}.AttributeContext`, {
  source: PEER,
  destination: PEER,
  request: REQUEST,
  context_extensions: mapOf(TEXT),
  metadata_context: METADATA,
  route_metadata_context: METADATA,
  tls_session: TLS_SESSION,
});
const CHECK_REQUEST = messageShape(`${AUTH}.CheckRequest`, { attributes: ATTRIBUTE_CONTEXT });

const STATUS = messageShape('google.rpc.Status', { code: INTEGER, message: TEXT, details: listOf(ANYTHING) });
const HTTP_STATUS = messageShape('envoy.type.v3.HttpStatus', { code: INTEGER });
const OK = messageShape(`${AUTH}.OkHttpResponse`, {
  headers: listOf(HEADER_VALUE_OPTION),
  headers_to_remove: listOf(TEXT),
  dynamic_metadata: STRUCT,
  response_headers_to_add: listOf(HEADER_VALUE_OPTION),
  query_parameters_to_set: listOf(QUERY_PARAMETER),
  query_parameters_to_remove: listOf(TEXT),
});
const DENIED = messageShape(`${AUTH}.DeniedHttpResponse`, {
  status: HTTP_STATUS,
  headers: listOf(HEADER_VALUE_OPTION),
  body: TEXT,
});
const CHECK_RESPONSE = messageShape(
  `${AUTH}.CheckResponse`,
  { status: STATUS, denied_response: DENIED, ok_response: OK, dynamic_metadata: STRUCT },
  ['denied_response', 'ok_response'],
);

/** The messages of Envoy's external authorization that expressions meet. */
export const ENVOY = {
  request: CHECK_REQUEST,
  response: CHECK_RESPONSE,
  ok: OK,
  denied: DENIED,
  status: STATUS,
  httpStatus: HTTP_STATUS,
  header: HEADER_VALUE,
  headerOption: HEADER_VALUE_OPTION,
  queryParameter: QUERY_PARAMETER,
} as const satisfies Readonly<Record<string, MessageShape>>;

export const ENVOY_TYPES: readonly TypeDeclaration[] = [
  SOCKET_ADDRESS,
  PIPE,
  INTERNAL_ADDRESS,
  ADDRESS,
  METADATA,
  HEADER_MAP,
  PEER,
  HTTP_REQUEST,
  REQUEST,
  TLS_SESSION,
  ATTRIBUTE_CONTEXT,
  ...Object.values(ENVOY),
].map(({ declaration }) => declaration);
