import { onTestFinished } from 'vitest';
import { createObject } from '../../api/create-object.ts';
import { PLAIN_WRITE } from '../../api/request-options.ts';
import { StatusError } from '../../api/status-error.ts';
import { createTestCluster, testRequest } from '../../api/test-cluster.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { bootstrapCluster } from '../../workloads/bootstrap-cluster.ts';
import { createAdmissionChain } from '../admission-chain.ts';
import { createServiceResolver } from '../service-resolver.ts';
import { startTestWebhook, type TestWebhook, type WebhookCall, type WebhookReply } from './webhook-server.fixture.ts';

/** A cluster that asks one webhook on loopback; both stop with the test that asked for them. */
export async function startWebhookCluster(reply: (call: WebhookCall) => WebhookReply, names?: readonly string[]) {
  const cluster = createTestCluster();
  const services = createServiceResolver(cluster.store);
  const admission = createAdmissionChain(cluster, services);
  cluster.admission = admission.chain;
  bootstrapCluster(cluster, 'ca');
  const webhook = await startTestWebhook(reply, names);
  onTestFinished(() => webhook.stop());
  onTestFinished(() => admission.stop());
  const warnings: string[] = [];

  function configure(type: 'mutating' | 'validating', name: string, webhooks: readonly JsonObject[]): void {
    const kind = type === 'mutating' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
    const complete = webhooks.map((entry) => ({ ...defaultsOf(webhook, type), ...entry }));
    cluster.store.create(`${type}webhookconfigurations.admissionregistration.k8s.io`, '', name, {
      kind,
      apiVersion: 'admissionregistration.k8s.io/v1',
      metadata: { name },
      webhooks: complete,
    });
  }

  async function create(metadata: JsonObject, dryRun = false, target = '/v1/configmaps', extra: JsonObject = {}) {
    const request = testRequest(cluster, target, { warnings });
    const object = { ...extra, metadata };
    try {
      const answer = await createObject(cluster, request, { kind: 'object', object }, { ...PLAIN_WRITE, dryRun });
      return { code: answer.code, message: '', object: answer.object };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { code: error.code, message: error.message, reason: error.reason, object: {} };
    }
  }
  return { cluster, services, webhook, warnings, configure, create };
}

/** What every webhook says of itself: about all ConfigMaps, an answer within a second, else failure. */
export function defaultsOf(webhook: TestWebhook, type: string): JsonObject {
  return {
    name: `${type}.hook.dev`,
    clientConfig: { url: `https://127.0.0.1:${webhook.port}/${type}`, caBundle: webhook.caBundle },
    rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps'], scope: '*' }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 1,
    failurePolicy: 'Fail',
  };
}
