import { describe, expect, it } from 'vitest';
import { CelError } from '../values/cel-error.ts';
import { type AuthorizationQuestion, type AuthorizerHost, createAuthorizer } from './authorizer-library.ts';
import { createMatchConditionEnvironment } from './kubernetes-environment.ts';

const environment = createMatchConditionEnvironment();

function ask(
  text: string,
  host?: AuthorizerHost,
): { readonly value: unknown; readonly asked: readonly AuthorizationQuestion[] } {
  const compiled = environment.compile(text);
  if ('issues' in compiled) throw new Error(compiled.issues[0]?.message);
  const asked: AuthorizationQuestion[] = [];
  const recording: AuthorizerHost = host ?? {
    authorize(question) {
      asked.push(question);
      return { allowed: question.verb === 'get', reason: 'because', error: question.verb === 'fail' ? 'broken' : '' };
    },
  };
  const value = compiled.program.evaluate({ authorizer: createAuthorizer() }, { host: recording });
  return { value: value instanceof CelError ? `error: ${value.message}` : value, asked };
}

describe('the authorizer', () => {
  it('is asked in whole questions', () => {
    const { value, asked } = ask(
      "authorizer.group('apps').resource('deployments').subresource('scale').namespace('a').name('b').fieldSelector('x=y').labelSelector('p').check('get').allowed()",
    );
    expect(value).toBe(true);
    expect(asked).toEqual([
      {
        group: 'apps',
        resource: 'deployments',
        subresource: 'scale',
        namespace: 'a',
        name: 'b',
        fieldSelector: 'x=y',
        labelSelector: 'p',
        verb: 'get',
      },
    ]);
  });

  it.each<[string, unknown]>([
    ["authorizer.path('/healthz').check('get').allowed()", true],
    ["authorizer.path('').check('get').allowed()", 'error: path must not be empty'],
    ["authorizer.group('').resource('').check('get').allowed()", 'error: resource must not be empty'],
    ["authorizer.serviceAccount('default', 'sa').group('').resource('pods').check('list').allowed()", false],
    [
      "authorizer.serviceAccount('default', 'No_Name').path('/a').check('get').allowed()",
      'error: Invalid service account name',
    ],
    [
      "authorizer.serviceAccount('No.Namespace', 'sa').path('/a').check('get').allowed()",
      'error: Invalid service account namespace',
    ],
    ["authorizer.path('/a').check('fail').errored()", true],
    ["authorizer.path('/a').check('fail').error()", 'broken'],
    ["authorizer.path('/a').check('list').reason()", 'because'],
  ])('%s', (text, expected) => {
    expect(ask(text).value).toEqual(expected);
  });

  it('costs so much that three questions exceed a budget', () => {
    const check = "authorizer.path('/a').check('get').allowed()";
    expect(ask(`${check} && ${check}`).value).toBe(true);
    expect(ask(`${check} && ${check} && ${check}`).value).toBe(
      'error: operation cancelled: actual cost limit exceeded',
    );
  });

  it('lets what its host throws pass', () => {
    const need = { need: 'a decision' };
    const host: AuthorizerHost = {
      authorize() {
        throw need;
      },
    };
    expect(() => ask("authorizer.path('/a').check('get').allowed() || true", host)).toThrow(
      expect.objectContaining(need),
    );
  });
});
