import { describe, expect, it, onTestFinished } from 'vitest';
import { startWebhookCluster } from './webhook-cluster.fixture.ts';
import { startTestWebhook } from './webhook-server.fixture.ts';

describe('webhooks behind a Service', () => {
  it('go to the registered port under the name of the Service', async () => {
    const { configure, create, services, webhook } = await startWebhookCluster(() => ({}), ['svc.ns.svc']);
    configure('validating', 'config', [
      {
        clientConfig: {
          service: { namespace: 'ns', name: 'svc', path: '/check', port: 8443 },
          caBundle: webhook.caBundle,
        },
      },
    ]);
    expect((await create({ name: 'a' })).message).toBe(
      'Internal error occurred: failed calling webhook "validating.hook.dev": failed to call webhook: Post "https://svc.ns.svc:8443/check?timeout=1s": service "svc" not found',
    );
    const remove = services.register('ns/svc:8443', webhook.port);
    expect((await create({ name: 'b' })).code).toBe(201);
    remove();
    expect((await create({ name: 'c' })).code).toBe(500);
  });

  it('go where the Service itself says, for backends in other processes', async () => {
    const { cluster, configure, create, webhook } = await startWebhookCluster(() => ({}), ['svc.ns.svc']);
    configure('validating', 'config', [
      { clientConfig: { service: { namespace: 'ns', name: 'svc' }, caBundle: webhook.caBundle } },
    ]);
    cluster.store.create('services', 'ns', 'svc', {
      metadata: { name: 'svc', annotations: { 'sandbox.vouchsafe.dev/loopback-port': String(webhook.port) } },
    });
    expect((await create({ name: 'a' })).code).toBe(201);
    expect(webhook.calls.length).toBe(1);
  });

  it('must show a certificate for that name', async () => {
    const { configure, create, services, webhook } = await startWebhookCluster(() => ({}), ['other.ns.svc']);
    services.register('ns/svc:443', webhook.port);
    configure('validating', 'config', [
      { clientConfig: { service: { namespace: 'ns', name: 'svc' }, caBundle: webhook.caBundle } },
    ]);
    const answer = await create({ name: 'a' });
    expect(answer.code).toBe(500);
    expect(answer.message).toContain(
      'tls: failed to verify certificate: x509: certificate is not valid for svc.ns.svc',
    );
    expect(webhook.calls).toEqual([]);
  });

  it('must be signed by the bundle of the configuration', async () => {
    const { configure, create, webhook } = await startWebhookCluster(() => ({}));
    const other = await startTestWebhook(() => ({}));
    onTestFinished(() => other.stop());
    configure('validating', 'config', [
      { clientConfig: { url: `https://127.0.0.1:${webhook.port}/x`, caBundle: other.caBundle } },
    ]);
    const answer = await create({ name: 'a' });
    expect(answer.message).toContain('x509: certificate signed by unknown authority');
  });
});
