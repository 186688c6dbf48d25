import { afterEach, describe, expect, it } from 'vitest';
import type { ObservedExchange } from './observed-exchange.ts';
import { type ApiServer, startApiServer } from './start-api-server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.stop());

async function send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<void> {
  const answer = await fetch(`${server?.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  await answer.text();
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

describe('observing exchanges', () => {
  it('tells who asked for what, what was sent and how it was answered', async () => {
    server = await startApiServer({ controllers: false, insecure: true });
    const seen: ObservedExchange[] = [];
    const end = server.observe((exchange) => seen.push(exchange));
    const session = { 'kubectl-command': 'kubectl apply', 'kubectl-session': 's1', 'user-agent': 'kubectl/v1' };
    await send('GET', `${CONFIG_MAPS}/a`, undefined, session);
    await send('POST', CONFIG_MAPS, 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\nfoo: 1\n', {
      ...session,
      'content-type': 'application/yaml',
    });
    const patch = '{"data":{"k":"v"}}';
    await send('PATCH', `${CONFIG_MAPS}/a`, patch, { 'content-type': 'application/merge-patch+json' });
    await send('GET', '/version');
    end();
    await send('DELETE', `${CONFIG_MAPS}/a`);

    expect(seen.map(({ method, code }) => `${method} ${code}`)).toEqual(['GET 404', 'POST 201', 'PATCH 200']);
    const [read, made, patched] = seen;
    expect(read).toMatchObject({ session: 's1', command: 'kubectl apply', answer: { reason: 'NotFound' } });
    expect(read?.resource).toMatchObject({ plural: 'configmaps', namespace: 'default', name: 'a', isNamespaced: true });
    expect(made?.object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, foo: 1 });
    expect(made?.warnings).toEqual(['299 - "unknown field \\"foo\\""']);
    expect(made?.answer).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a' } });
    expect(patched).toMatchObject({ patch, mediaType: 'application/merge-patch+json', session: undefined });
  });
});
