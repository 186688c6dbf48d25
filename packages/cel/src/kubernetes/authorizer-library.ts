import { declareFunction, member, withHost } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { BOOL, type CelType, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { CelOpaque } from '../values/opaque.ts';

/** The type of the `authorizer` variable. */
export const AUTHORIZER: CelType = opaqueType('kubernetes.authorization.Authorizer');
const PATH_CHECK = opaqueType('kubernetes.authorization.PathCheck');
const GROUP_CHECK = opaqueType('kubernetes.authorization.GroupCheck');
const RESOURCE_CHECK = opaqueType('kubernetes.authorization.ResourceCheck');
const DECISION = opaqueType('kubernetes.authorization.Decision');

/** A question to the authorizer: may this user do that? */
export interface AuthorizationQuestion {
  /** Set when a service account is asked about and not the request's user. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly verb?: string;
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** What went wrong while deciding; empty when nothing did. */
  readonly error: string;
}

/** The part of a host that authorizes. It answers, or throws what its driver waits for. */
export interface AuthorizerHost {
  authorize(question: AuthorizationQuestion): AuthorizationDecision;
}

type Question = CelOpaque<AuthorizationQuestion>;
type Decision = CelOpaque<AuthorizationDecision>;

/** The value of the `authorizer` variable, asking about the request's user. */
export function createAuthorizer(): Question {
  return new CelOpaque(AUTHORIZER, {});
}

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const CHECK_COST = 350_000;

/** A method that adds one word to a question. */
function refine(name: string, from: CelType, to: CelType, key: keyof AuthorizationQuestion, required = '') {
  const empty = new CelError(required);
  return declareFunction(
    name,
    member(`${from.name}.${name}`, [from, STRING], to, ({ payload }: Question, word: string): CelResult => {
      if (word === '' && required !== '') return empty;
      return new CelOpaque(to, { ...payload, [key]: word });
    }),
  );
}

function forServiceAccount({ payload }: Question, namespace: string, name: string): CelResult {
  if (!SUBDOMAIN.test(name)) return new CelError('Invalid service account name');
  if (!LABEL.test(namespace)) return new CelError('Invalid service account namespace');
  return new CelOpaque(AUTHORIZER, { ...payload, serviceAccount: { namespace, name } });
}

const check = (host: AuthorizerHost | undefined, { payload }: Question, verb: string): CelResult =>
  host === undefined ? new CelError('no authorizer') : new CelOpaque(DECISION, host.authorize({ ...payload, verb }));

function decision(name: string, result: CelType, read: (decision: AuthorizationDecision) => boolean | string) {
  return declareFunction(
    name,
    member(`decision_${name}`, [DECISION], result, ({ payload }: Decision) => read(payload)),
  );
}

/** `authorizer.group('').resource('pods').check('list').allowed()` and the like, answered by the host. */
export function authorizerLibrary(): CelLibrary {
  const cost = () => CHECK_COST;
  return {
    name: 'kubernetes.authz',
    functions: [
      refine('path', AUTHORIZER, PATH_CHECK, 'path', 'path must not be empty'),
      refine('group', AUTHORIZER, GROUP_CHECK, 'group'),
      declareFunction(
        'serviceAccount',
        member('authorizer_serviceaccount', [AUTHORIZER, STRING, STRING], AUTHORIZER, forServiceAccount),
      ),
      refine('resource', GROUP_CHECK, RESOURCE_CHECK, 'resource', 'resource must not be empty'),
      refine('subresource', RESOURCE_CHECK, RESOURCE_CHECK, 'subresource'),
      refine('namespace', RESOURCE_CHECK, RESOURCE_CHECK, 'namespace'),
      refine('name', RESOURCE_CHECK, RESOURCE_CHECK, 'name'),
      refine('fieldSelector', RESOURCE_CHECK, RESOURCE_CHECK, 'fieldSelector'),
      refine('labelSelector', RESOURCE_CHECK, RESOURCE_CHECK, 'labelSelector'),
      declareFunction(
        'check',
        withHost(member('pathcheck_check', [PATH_CHECK, STRING], DECISION, check, cost)),
        withHost(member('resourcecheck_check', [RESOURCE_CHECK, STRING], DECISION, check, cost)),
      ),
      decision('allowed', BOOL, ({ allowed }) => allowed),
      decision('reason', STRING, ({ reason }) => reason),
      decision('errored', BOOL, ({ error }) => error !== ''),
      decision('error', STRING, ({ error }) => error),
    ],
  };
}
