import { declareFunction, member, overload } from '../../declare/function-declaration.ts';
import type { CelLibrary } from '../../declare/library.ts';
import { BOOL, INT, STRING } from '../../values/cel-type.ts';
import type { CelValue } from '../../values/cel-value.ts';
import type { CelInt } from '../../values/numbers.ts';
import { withDoubles } from '../data-libraries.ts';
import { ENVOY, ENVOY_TYPES } from './envoy-messages.ts';
import { CelMessage } from './message.ts';
import { STRUCT } from './shapes.ts';

const OK = ENVOY.ok.type;
const DENIED = ENVOY.denied.type;
const RESPONSE = ENVOY.response.type;
const HEADER = ENVOY.headerOption.type;
const PARAMETER = ENVOY.queryParameter.type;

/** Codes of gRPC in an answer. */
const GRPC_OK = 0;
const PERMISSION_DENIED = 7;

function header(key: string, value: string): CelMessage {
  return ENVOY.headerOption.empty.with('header', ENVOY.header.empty.with('key', key).with('value', value));
}

function parameter(key: string, value: string): CelMessage {
  return ENVOY.queryParameter.empty.with('key', key).with('value', value);
}

function respond(code: number, field: 'ok_response' | 'denied_response', answer: CelMessage): CelMessage {
  return ENVOY.response.empty.with('status', ENVOY.status.empty.with('code', code)).with(field, answer);
}

function withMessage(response: CelMessage, message: string): CelMessage {
  const status = response.get('status');
  const before = status instanceof CelMessage ? status : ENVOY.status.empty;
  return response.with('status', before.with('message', message));
}

/** `With…(header)` and `With…(key, value)`, which add to a list. */
function adding(id: string, target: typeof OK, field: string, type: typeof OK, make: typeof header) {
  return [
    member(`${id}_object`, [target, type], target, (to: CelMessage, item: CelMessage) => to.adding(field, item)),
    member(`${id}_string_string`, [target, STRING, STRING], target, (to: CelMessage, key: string, value: string) =>
      to.adding(field, make(key, value)),
    ),
  ];
}

/** `Without…(key)`, which adds to the list of what is to go. */
function removing(id: string, field: string) {
  return member(id, [OK, STRING], OK, (to: CelMessage, key: string) => to.adding(field, key));
}

/** `envoy.Allowed`, `envoy.Denied` and what an answer to Envoy is made of (kyverno-authz, library `envoy`). */
export function envoyLibrary(): CelLibrary {
  return {
    name: 'kyverno.envoy',
    types: ENVOY_TYPES,
    functions: [
      declareFunction(
        'envoy.Allowed',
        overload('allowed', [], OK, () => ENVOY.ok.empty),
      ),
      declareFunction(
        'envoy.Denied',
        overload('denied', [INT], DENIED, (code: CelInt) =>
          ENVOY.denied.empty.with('status', ENVOY.httpStatus.empty.with('code', code)),
        ),
      ),
      declareFunction('envoy.Header', overload('header_key_value', [STRING, STRING], HEADER, header)),
      declareFunction('envoy.QueryParam', overload('queryparam_key_value', [STRING, STRING], PARAMETER, parameter)),
      declareFunction(
        'KeepEmptyValue',
        member('header_keep_empty_value', [HEADER], HEADER, (to: CelMessage) => to.with('keep_empty_value', true)),
        member('header_keep_empty_value_bool', [HEADER, BOOL], HEADER, (to: CelMessage, flag: boolean) =>
          to.with('keep_empty_value', flag),
        ),
      ),
      declareFunction(
        'WithBody',
        member('denied_with_body', [DENIED, STRING], DENIED, (to: CelMessage, body: string) => to.with('body', body)),
      ),
      declareFunction(
        'WithHeader',
        ...adding('ok_with_header', OK, 'headers', HEADER, header),
        ...adding('denied_with_header', DENIED, 'headers', HEADER, header),
      ),
      declareFunction('WithoutHeader', removing('ok_without_header', 'headers_to_remove')),
      declareFunction(
        'WithResponseHeader',
        ...adding('ok_with_response_header', OK, 'response_headers_to_add', HEADER, header),
      ),
      declareFunction(
        'WithQueryParam',
        ...adding('ok_with_queryparam', OK, 'query_parameters_to_set', PARAMETER, parameter),
      ),
      declareFunction('WithoutQueryParam', removing('ok_without_queryparam', 'query_parameters_to_remove')),
      declareFunction(
        'Response',
        member('ok_response', [OK], RESPONSE, (ok: CelMessage) => respond(GRPC_OK, 'ok_response', ok)),
        member('denied_response', [DENIED], RESPONSE, (denied: CelMessage) =>
          respond(PERMISSION_DENIED, 'denied_response', denied),
        ),
      ),
      declareFunction('WithMessage', member('response_with_message', [RESPONSE, STRING], RESPONSE, withMessage)),
      declareFunction(
        'WithMetadata',
        member('response_with_metadata', [RESPONSE, STRUCT.type], RESPONSE, (to: CelMessage, metadata: CelValue) =>
          to.with('dynamic_metadata', withDoubles(metadata)),
        ),
      ),
    ],
  };
}
