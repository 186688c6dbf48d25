import type { JsonObject } from '@vouchsafe/engine/kernel';
import { clientConfigOf, type WebhookTarget } from './client-config.ts';
import { MANAGED_BY } from './resource-webhooks.ts';

const RULES = [
  {
    apiGroups: ['kyverno.io'],
    apiVersions: ['v1', 'v2beta1'],
    resources: ['clusterpolicies', 'policies'],
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  },
  {
    apiGroups: ['kyverno.io'],
    apiVersions: ['v2', 'v2beta1'],
    resources: ['cleanuppolicies', 'clustercleanuppolicies'],
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  },
  {
    apiGroups: ['policies.kyverno.io'],
    apiVersions: ['v1', 'v1beta1', 'v1alpha1'],
    resources: ['validating', 'mutating', 'generating', 'deleting', 'imagevalidating'].flatMap((family) => [
      `${family}policies`,
      `namespaced${family}policies`,
    ]),
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  },
];

const EXCEPTION_RULES = [
  {
    apiGroups: ['kyverno.io'],
    apiVersions: ['v2', 'v2beta1'],
    resources: ['policyexceptions'],
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  },
  {
    apiGroups: ['policies.kyverno.io'],
    apiVersions: ['v1', 'v1beta1', 'v1alpha1'],
    resources: ['policyexceptions'],
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  },
];

const GLOBAL_CONTEXT_RULES = [
  {
    apiGroups: ['kyverno.io'],
    apiVersions: ['v2', 'v2beta1', 'v2alpha1'],
    resources: ['globalcontextentries'],
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  },
];

/**
 * The webhooks that look at policies and exceptions themselves (kyverno-core §4.1). They are called for CREATE and UPDATE alone: a
 * policy can always be deleted, also when we are away.
 */
export function computePolicyWebhooks(target: WebhookTarget, caBundle: string): readonly JsonObject[] {
  const metadata = (name: string) => ({ name, labels: { [MANAGED_BY]: 'kyverno' } });
  const base = {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    admissionReviewVersions: ['v1'],
  };
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: metadata('kyverno-policy-validating-webhook-cfg'),
      webhooks: [
        {
          name: 'validate-policy.kyverno.svc',
          clientConfig: clientConfigOf('/policyvalidate', target, caBundle),
          sideEffects: 'None',
          rules: RULES,
          ...base,
        },
      ],
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: metadata('kyverno-exception-validating-webhook-cfg'),
      webhooks: [
        {
          name: target.kind === 'service' ? `${target.name}.${target.namespace}.svc` : 'kyverno-svc.kyverno.svc',
          clientConfig: clientConfigOf('/exceptionvalidate', target, caBundle),
          sideEffects: 'None',
          rules: EXCEPTION_RULES,
          ...base,
        },
      ],
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: metadata('kyverno-global-context-validating-webhook-cfg'),
      webhooks: [
        {
          name: target.kind === 'service' ? `${target.name}.${target.namespace}.svc` : 'kyverno-svc.kyverno.svc',
          clientConfig: clientConfigOf('/globalcontextvalidate', target, caBundle),
          sideEffects: 'None',
          rules: GLOBAL_CONTEXT_RULES,
          ...base,
        },
      ],
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: metadata('kyverno-policy-mutating-webhook-cfg'),
      webhooks: [
        {
          name: 'mutate-policy.kyverno.svc',
          clientConfig: clientConfigOf('/policymutate', target, caBundle),
          sideEffects: 'NoneOnDryRun',
          reinvocationPolicy: 'IfNeeded',
          rules: RULES,
          ...base,
        },
      ],
    },
  ];
}
