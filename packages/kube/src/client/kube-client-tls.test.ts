import type { ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterConnection } from '../config/cluster-connection.ts';
import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { createCertificate } from '../pki/create-certificate.ts';
import { generateKeyPair } from '../pki/key-pair.ts';
import { createKubeClient, type KubeClient } from './kube-client.ts';
import { answerJson, startLoopbackApi } from './loopback-api.fixture.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const pod: KubernetesObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'ns' } };

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function startServer(tls: ServerOptions, onRequest: (socket: TLSSocket) => void = () => undefined) {
  const { connection, close } = await startLoopbackApi(
    (_, response) => {
      // The server speaks TLS only.
      onRequest(response.socket as TLSSocket);
      answerJson(response, pod);
    },
    { tls },
  );
  open.push(close);
  return connection;
}

function clientOf(connection: ClusterConnection): KubeClient {
  const client = createKubeClient(connection, { queriesPerSecond: 0 });
  open.unshift(client.close);
  return client;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a client over TLS', () => {
  const validity = { notBefore: new Date(Date.now() - 3600_000), notAfter: new Date(Date.now() + 3600_000) };
  const authorityKeys = generateKeyPair('ecdsa-p256');
  const authority = createCertificate({
    subject: { commonName: 'authority' },
    publicKey: authorityKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    ...validity,
    isCertificateAuthority: true,
    subjectAlternativeNames: [],
    extendedKeyUsages: [],
  });
  const issue = (commonName: string, use: 'serverAuth' | 'clientAuth', name?: string) => {
    const keys = generateKeyPair('ecdsa-p256');
    const { pem } = createCertificate({
      subject: { commonName },
      publicKey: keys.publicKey,
      issuer: { certificatePem: authority.pem, privateKey: authorityKeys.privateKey },
      ...validity,
      isCertificateAuthority: false,
      subjectAlternativeNames:
        name === undefined ? [{ type: 'ip', value: '127.0.0.1' }] : [{ type: 'dns', value: name }],
      extendedKeyUsages: [use],
    });
    return { cert: pem, key: keys.privateKeyPem };
  };

  it('trusts the given authority alone, shows its certificate, and changes it when the credentials change', async () => {
    const users: unknown[] = [];
    let credentials = issue('first', 'clientAuth');
    const asking = { requestCert: true, rejectUnauthorized: false };
    const server = await startServer({ ...issue('server', 'serverAuth'), ca: authority.pem, ...asking }, (socket) =>
      users.push(socket.getPeerCertificate().subject?.CN),
    );
    const client = clientOf({
      ...server,
      certificateAuthority: authority.pem,
      credentials: async () => ({ clientCertificate: credentials.cert, clientKey: credentials.key }),
    });
    await client.get(pods, { name: 'p' });
    await client.get(pods, { name: 'p' });
    credentials = issue('second', 'clientAuth');
    await client.get(pods, { name: 'p' });
    expect(users).toEqual(['first', 'first', 'second']);
    expect(await failureOf(clientOf(server).get(pods, { name: 'p' }))).toMatchObject({ reason: 'Unreachable' });
    const careless = clientOf({ ...server, insecureSkipTlsVerify: true });
    expect(await careless.get(pods, { name: 'p' })).toMatchObject({ kind: 'Pod' });
  });

  it('checks the name of the server, or the one it is told to expect', async () => {
    const server = await startServer(issue('x', 'serverAuth', 'kubernetes.default.svc'));
    const connection = { ...server, certificateAuthority: authority.pem };
    expect(await failureOf(clientOf(connection).get(pods, { name: 'p' }))).toMatchObject({ reason: 'Unreachable' });
    const right = clientOf({ ...connection, tlsServerName: 'kubernetes.default.svc' });
    expect(await right.get(pods, { name: 'p' })).toMatchObject({ kind: 'Pod' });
  });
});
