import { describe, expect, it } from 'vitest';
import { STILL_HOST } from '../../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { createScope } from '../../../lang/variables/create-scope.ts';
import { requestOf } from '../../../model/request.fixture.ts';
import { inputOf, policyOfRule } from '../../rule.fixture.ts';
import type { PodSecurityException, RuleBodyOutcome } from '../../rule-kind.ts';
import { compilePodSecurity } from './compile-pod-security.ts';

const { policy, rule } = policyOfRule({ rule: { validate: {} }, spec: { validationFailureAction: 'Audit' } });

function judge(
  block: JsonObject,
  resource: JsonObject,
  exceptions: readonly PodSecurityException[] = [],
): RuleBodyOutcome | undefined {
  const input = inputOf(requestOf(resource, { namespace: 'ns', name: 'n' }));
  const { passes, evaluate } = compilePodSecurity(block, { policy, rule, host: STILL_HOST, report: () => {} });
  const outcome = evaluate({
    input,
    scope: createScope(input, { host: STILL_HOST }),
    action: 'Audit',
    podSecurityExceptions: exceptions,
  });
  // The short way tells nothing else.
  const short = passes(input);
  if (short) expect(outcome).toBe(short);
  return outcome;
}

const safe: JsonObject = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = (name: string, context: JsonObject, rest: JsonObject = {}): Json => ({
  name,
  image: `ghcr.io/a/${name}:1`,
  securityContext: context,
  ...rest,
});
const pod = (...containers: Json[]): JsonObject => ({ kind: 'Pod', metadata: { name: 'p' }, spec: { containers } });

describe('messages', () => {
  it.each<[string, JsonObject, JsonObject, string]>([
    ['passes', { level: 'restricted' }, pod(container('c', safe)), "Validation rule 'r' passed."],
    [
      'a required field',
      { level: 'restricted', version: 'latest' },
      pod({ name: 'c', image: 'a' }),
      `Validation rule 'r' failed. It violates PodSecurity "restricted:latest": ${[
        'allowPrivilegeEscalation != false|spec.containers[0].securityContext.allowPrivilegeEscalation: Required value',
        'unrestricted capabilities|spec.containers[0].securityContext.capabilities.drop: Required value',
        'runAsNonRoot != true|spec.containers[0].securityContext.runAsNonRoot: Required value',
        'seccompProfile|spec.containers[0].securityContext.seccompProfile.type: Required value',
      ]
        .map((text) => text.split('|'))
        .map(([reason, errors]) => `(Forbidden reason: ${reason}, field error list: [${errors}])`)
        .join('')}`,
    ],
    [
      'forbidden values, in a Deployment',
      { level: 'baseline', version: 'v1.24' },
      {
        kind: 'Deployment',
        spec: {
          template: {
            spec: {
              hostNetwork: true,
              containers: [container('c', { capabilities: { add: ['SYS_ADMIN', 'KILL', 'BPF'] } })],
            },
          },
        },
      },
      `Validation rule 'r' failed. It violates PodSecurity "baseline:v1.24": ` +
        '(Forbidden reason: non-default capabilities, field error list: [spec.template.spec.containers[0].securityContext.capabilities.add is forbidden, forbidden values found: [BPF SYS_ADMIN]])' +
        '(Forbidden reason: host namespaces, field error list: [spec.template.spec.hostNetwork is forbidden, forbidden values found: true])',
    ],
    [
      'no field errors at all',
      { level: 'baseline' },
      pod(container('c', {}, { livenessProbe: { httpGet: { host: 'x' } } })),
      `Validation rule 'r' failed. It violates PodSecurity "baseline:": (Forbidden reason: probe or lifecycle host, field error list: [])`,
    ],
    [
      'metadata of a Pod',
      { level: 'baseline', version: 'latest' },
      {
        kind: 'Pod',
        metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'bad' } },
        spec: { containers: [] },
      },
      `Validation rule 'r' failed. It violates PodSecurity "baseline:latest": (Forbidden reason: forbidden AppArmor profile, field error list: [spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c] is forbidden, forbidden values found: bad])`,
    ],
    [
      'other kinds',
      { level: 'baseline' },
      { kind: 'Service' },
      'Error while getting new resource: could not find correct resource type',
    ],
    [
      'bad versions',
      { level: 'baseline', version: '1.2' },
      pod(),
      'failed to parse pod security api version: invalid version "1.2"',
    ],
  ])('%s', (_, block, resource, message) => {
    expect(judge(block, resource)?.message).toBe(message);
  });

  it('reports the controls with the images of the containers', () => {
    const outcome = judge(
      { level: 'baseline', version: 'latest' },
      pod(container('c', { privileged: true }, { ports: [{ hostPort: 80 }] })),
    );
    expect(outcome?.properties).toEqual({
      standard: 'baseline',
      version: 'latest',
      controls: 'hostPorts,privileged',
      controlsJSON: JSON.stringify([
        { ID: 'hostPorts', Name: 'Host Ports', Images: null },
        { ID: 'privileged', Name: 'Privileged Containers', Images: ['ghcr.io/a/c:1'] },
      ]),
    });
  });

  it('level privileged is judged as restricted', () => {
    expect(judge({ level: 'privileged' }, pod({ name: 'c' }))?.status).toBe('fail');
  });
});

describe('exclusions', () => {
  const added = (name: string, ...capabilities: string[]) =>
    container(name, { ...safe, capabilities: { drop: ['ALL'], add: capabilities } });
  const field = 'spec.containers[*].securityContext.capabilities.add';
  it.each<[string, JsonObject[], JsonObject, string]>([
    ['by image', [{ controlName: 'Capabilities', images: ['ghcr.io/a/c:*'] }], pod(added('c', 'BPF')), 'pass'],
    ['of another image', [{ controlName: 'Capabilities', images: ['ghcr.io/a/x:*'] }], pod(added('c', 'BPF')), 'fail'],
    ['of another control', [{ controlName: 'Host Ports', images: ['*'] }], pod(added('c', 'BPF')), 'fail'],
    [
      'one of two containers',
      [{ controlName: 'Capabilities', images: ['ghcr.io/a/c:*'] }],
      pod(added('c', 'BPF'), added('d', 'BPF')),
      'fail',
    ],
    [
      'by value',
      [{ controlName: 'Capabilities', images: ['*'], restrictedField: field, values: ['BPF'] }],
      pod(added('c', 'BPF')),
      'pass',
    ],
    [
      'every value must be excluded',
      [{ controlName: 'Capabilities', images: ['*'], restrictedField: field, values: ['BPF'] }],
      pod(added('c', 'BPF', 'SYS_ADMIN')),
      'fail',
    ],
    [
      'another field',
      [
        {
          controlName: 'Capabilities',
          images: ['*'],
          restrictedField: 'spec.initContainers[*].securityContext.capabilities.add',
        },
      ],
      pod(added('c', 'BPF')),
      'fail',
    ],
    [
      'of the Pod',
      [{ controlName: 'Host Namespaces' }],
      { kind: 'Pod', spec: { hostPID: true, containers: [container('c', safe)] } },
      'pass',
    ],
    [
      'of the Pod does not reach what containers set',
      [{ controlName: 'Capabilities' }],
      pod(added('c', 'BPF')),
      'fail',
    ],
    [
      'required fields match any value',
      [{ controlName: 'Running as Non-root', images: ['*'], values: ['x'] }],
      pod(container('c', { ...safe, runAsNonRoot: null })),
      'pass',
    ],
  ])('%s', (_, exclude, resource, status) => {
    expect(judge({ level: 'restricted', version: 'latest', exclude }, resource)?.status).toBe(status);
  });

  it('of exceptions apply after the rule failed', () => {
    const exceptions = [{ key: 'ns/e', exclude: [{ controlName: 'Capabilities', images: ['*'] }] }];
    expect(judge({ level: 'restricted' }, pod(added('c', 'BPF')), exceptions)).toEqual({
      status: 'skip',
      message: 'rule is skipped due to policy exceptions ns/e',
      exceptions: ['ns/e'],
    });
    expect(judge({ level: 'restricted' }, pod(container('c', safe)), exceptions)?.status).toBe('pass');
  });

  it('that leave something keep the images of all containers that broke the control', () => {
    const exceptions = [{ key: 'ns/e', exclude: [{ controlName: 'Capabilities', images: ['*/d:*'] }] }];
    const outcome = judge(
      { level: 'baseline', version: 'v1.29' },
      pod(added('c', 'BPF'), added('d', 'BPF')),
      exceptions,
    );
    expect(outcome?.message).toBe(
      'Validation rule \'r\' failed. It violates PodSecurity "baseline:v1.29": (Forbidden reason: non-default capabilities, field error list: [spec.containers[0].securityContext.capabilities.add is forbidden, forbidden values found: [BPF]])',
    );
    expect(outcome?.properties?.['controlsJSON']).toBe(
      '[{"ID":"capabilities_baseline","Name":"Capabilities","Images":["ghcr.io/a/c:1","ghcr.io/a/d:1"]}]',
    );
  });
});
