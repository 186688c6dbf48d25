import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { createCommand } from './create-command.ts';

async function created(...args: readonly string[]) {
  const { stdout, code } = await runCaptured(createCommand, args);
  expect(code).toBe(0);
  return parse(stdout);
}

describe('create', () => {
  it('exception', async () => {
    const args = [
      'exception',
      'e',
      '--policy-rules',
      'p,r1,r2',
      '--any',
      'kind=Pod,name=x,namespace=n,operation=CREATE',
    ];
    expect(await created(...args, '--background=false')).toEqual({
      apiVersion: 'kyverno.io/v2',
      kind: 'PolicyException',
      metadata: { name: 'e', namespace: 'default' },
      spec: {
        background: false,
        match: { any: [{ resources: { kinds: ['Pod'], names: ['x'], namespaces: ['n'], operations: ['CREATE'] } }] },
        exceptions: [{ policyName: 'p', ruleNames: ['r1', 'r2'] }],
      },
    });
  });

  it('metrics-config', async () => {
    const { data, metadata } = await created('metrics-config', '-i', 'a,b', '-e', 'c');
    expect(metadata).toEqual({ name: 'kyverno-metrics', namespace: 'kyverno' });
    expect(JSON.parse(data.namespaces)).toEqual({ include: ['a', 'b'], exclude: ['c'] });
  });

  it('cluster-role', async () => {
    const { metadata, rules } = await created(
      'cluster-role',
      'x',
      '-g',
      'apps',
      '--verbs',
      'all',
      '--resources',
      'deployments,daemonsets',
    );
    expect(metadata).toEqual({
      name: 'kyverno-x-permission',
      labels: { 'rbac.kyverno.io/aggregate-to-background-controller': 'true' },
    });
    expect(rules).toEqual([
      {
        apiGroups: ['apps'],
        resources: ['deployments', 'daemonsets'],
        verbs: ['create', 'get', 'update', 'delete', 'list', 'watch'],
      },
    ]);
  });

  it('user-info', async () => {
    expect(await created('user-info', '-u', 'jane', '-g', 'a,b')).toMatchObject({
      kind: 'UserInfo',
      userInfo: { username: 'jane', groups: ['a', 'b'] },
    });
  });

  it('values', async () => {
    const args = ['--rule', 'p,r,k=v', '--resource', 'p,x,k=v', '-g', 'a=b', '-n', 'ns,l=1'];
    expect(await created('values', ...args)).toMatchObject({
      globalValues: { a: 'b' },
      policies: [
        { name: 'p', rules: [{ name: 'r', values: { k: 'v' } }] },
        { name: 'p', resources: [{ name: 'x', values: { k: 'v' } }] },
      ],
      namespaceSelector: [{ name: 'ns', labels: { l: '1' } }],
    });
  });

  it('test, into a file', async () => {
    const cwd = createFolder({});
    await runCaptured(createCommand, ['test', '-o', 't.yaml', '-p', 'p.yaml', '--fail', 'p,r,x,ns,Pod'], { cwd });
    expect(parse(readFileSync(join(cwd, 't.yaml'), 'utf8'))).toMatchObject({
      kind: 'Test',
      policies: ['p.yaml'],
      results: [{ policy: 'p', rule: 'r', resources: ['ns/x'], kind: 'Pod', result: 'fail' }],
    });
  });

  it.each([
    [['exception', 'e'], 'required flag(s) "policy-rules" not set'],
    [['cluster-role', 'x', '-g', 'a', '--verbs', 'get'], 'required flag(s) "resources" not set'],
  ])('%j is refused', async (args, message) => {
    expect(await runCaptured(createCommand, args)).toEqual({ code: 1, stdout: '', stderr: `Error: ${message}\n` });
  });
});
