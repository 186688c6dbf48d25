import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdmissionChain } from '../admission/admission-chain.ts';
import type { ServiceResolver } from '../admission/service-resolver.ts';
import { createServiceResolver } from '../admission/service-resolver.ts';
import { compileCelMatchCondition } from '../admission/webhooks/cel-match-condition.ts';
import type { MatchConditionCompiler } from '../admission/webhooks/match-conditions.ts';
import { OPEN_ADMISSION } from '../api/admission-port.ts';
import { ALLOW_ALL } from '../api/authorizer.ts';
import { builtInResources } from '../api/built-in-resources.ts';
import type { Cluster } from '../api/cluster.ts';
import { startCustomResources } from '../api/custom-resources.ts';
import { uidOf } from '../api/object-metadata.ts';
import { DEFAULT_AUDIENCE } from '../api/pod-subresources.ts';
import { createResourceCatalogue } from '../api/resource-catalogue.ts';
import { SCHEMA } from '../api/schema-binding.ts';
import { createTokenIssuer } from '../api/service-account-tokens.ts';
import { ADMIN_GROUP, ADMIN_USER } from '../api/user-info.ts';
import { createRbacAuthorizer } from '../authorization/rbac-authorizer.ts';
import type { FsyncPolicy, Journal } from '../journal/journal-file.ts';
import { openJournal } from '../journal/journal-file.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import { createResourceStore } from '../store/resource-store.ts';
import { bootstrapCluster } from '../workloads/bootstrap-cluster.ts';
import { startNamespaceContents } from '../workloads/namespace-controller.ts';
import { startControllers } from '../workloads/start-controllers.ts';
import type { StaticToken } from './authentication.ts';
import { createServerCertificates } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { createExchangeObservers, type ExchangeListener } from './observed-exchange.ts';
import { createRequestHandler } from './request-handler.ts';
import { loadServerIdentity } from './server-identity.ts';

const TOKEN_LIFETIME = 365 * 24 * 3_600_000;

/** Settings of a sandbox API server. All are optional. */
export interface ApiServerOptions {
  /** Port on 127.0.0.1; 0 or absent takes a free one. */
  readonly port?: number;
  /** Plain HTTP, for debugging only: clients send no credentials over it. */
  readonly insecure?: boolean;
  /** More users by bearer token. */
  readonly tokens?: readonly StaticToken[];
  /** False leaves out the controllers: no pods, no garbage collection, no namespace cleanup by itself. Default true. */
  readonly controllers?: boolean;
  /** `RBAC` asks the stored roles and bindings; the default lets everybody do everything. */
  readonly authorization?: 'AlwaysAllow' | 'RBAC';
  /** Group versions besides the stable ones, such as `admissionregistration.k8s.io/v1beta1`. */
  readonly enabledApis?: readonly string[];
  /** Keeps the cluster in a folder of its own over restarts; without it everything lives in memory. */
  readonly state?: { readonly folder: string; readonly fsync?: FsyncPolicy };
  /** Compiles the CEL of webhook `matchConditions`. Without it such webhooks are answered by their failure policy. */
  readonly compileMatchCondition?: MatchConditionCompiler;
  /** What a Pod's containers have written, where somebody does their work: read when `kubectl logs` asks. Empty unless told. */
  readonly podLog?: (namespace: string, name: string) => string;
  /** The clock. */
  readonly now?: () => Date;
  /** Told about bugs inside the server. Default: written to stderr. */
  readonly onError?: (error: unknown) => void;
}

/** A running sandbox API server. */
export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** The authority of the serving certificate and of client certificates. */
  readonly caPem: string;
  /** Bearer token of the administrator. */
  readonly adminToken: string;
  readonly store: ResourceStore;
  /** Writes the administrator's kubeconfig (0600) and gives its path. */
  adminKubeconfig(path: string): Promise<string>;
  /** Writes a kubeconfig for another user, by client certificate; `groups` become its groups. */
  userKubeconfig(path: string, user: string, groups: readonly string[]): Promise<string>;
  /** Writes a kubeconfig that acts as a service account (by token); the account need not exist yet. */
  serviceAccountKubeconfig(path: string, namespace: string, name: string): Promise<string>;
  /** Routes webhook calls of a Service (`namespace/name:port`) to a port on 127.0.0.1; returns its removal. */
  registerService(service: string, port: number): () => void;
  /** Tells of every exchange about a resource from now on; returns the end of it. */
  observe(listener: ExchangeListener): () => void;
  stop(): Promise<void>;
}

/** Starts an API server on 127.0.0.1 with its own certificate authority. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const now = options.now ?? (() => new Date());
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  const identity = loadServerIdentity(options.state?.folder, now());
  const journal = openState(options.state);
  const store = createResourceStore({
    ...(journal === undefined ? {} : { journal }),
    ...(journal?.initial === undefined ? {} : { initial: journal.initial }),
  });
  journal?.compact(store.snapshot());
  const cluster: Cluster = {
    store,
    catalogue: createResourceCatalogue(builtInResources(options.enabledApis)),
    schema: SCHEMA,
    now,
    tokens: createTokenIssuer(identity.tokenKey),
    admission: OPEN_ADMISSION,
    authorizer: options.authorization === 'RBAC' ? createRbacAuthorizer(store) : ALLOW_ALL,
    podLog: options.podLog ?? (() => ''),
  };
  const services: ServiceResolver = createServiceResolver(store);
  const chain = createAdmissionChain(cluster, services, options.compileMatchCondition ?? compileCelMatchCondition);
  cluster.admission = chain.chain;

  const certificates = createServerCertificates(identity.authority, now());
  const { adminToken } = identity;
  const tokens = [{ token: adminToken, user: ADMIN_USER }, ...(options.tokens ?? [])];
  let port = 0;
  const observers = createExchangeObservers();
  const handler = createRequestHandler(cluster, { tokens, address: () => `127.0.0.1:${port}`, onError, observers });
  const server = options.insecure
    ? createPlainServer(handler)
    : createTlsServer(
        {
          key: certificates.serverKeyPem,
          cert: certificates.serverCertificatePem,
          ca: certificates.caPem,
          requestCert: true,
          rejectUnauthorized: false,
        },
        handler,
      );
  // Watches stay open for long; Node's default of five minutes would cut slow uploads only.
  server.keepAliveTimeout = 120_000;
  port = await listen(server, options.port ?? 0);

  const customResources = startCustomResources(cluster);
  bootstrapCluster(cluster, certificates.caPem);
  const namespaceContents = startNamespaceContents(cluster, certificates.caPem);
  const controllers = options.controllers === false ? undefined : startControllers(cluster, onError);
  const url = `${options.insecure ? 'http' : 'https'}://127.0.0.1:${port}`;

  async function clientKubeconfig(path: string, user: string, groups: readonly string[]): Promise<string> {
    const { certificatePem, keyPem } = certificates.issueClient(user, groups);
    await writeKubeconfig(path, {
      url,
      caPem: certificates.caPem,
      user,
      clientCertificatePem: certificatePem,
      clientKeyPem: keyPem,
    });
    return path;
  }

  return {
    url,
    port,
    caPem: certificates.caPem,
    adminToken,
    store,
    adminKubeconfig: (path) => clientKubeconfig(path, ADMIN_USER.username, [ADMIN_GROUP]),
    userKubeconfig: clientKubeconfig,
    async serviceAccountKubeconfig(path, namespace, name) {
      const account = store.get('serviceaccounts', namespace, name)?.object;
      const expiration = new Date(now().getTime() + TOKEN_LIFETIME);
      const uid = account === undefined ? '' : uidOf(account);
      const token = cluster.tokens.issue(namespace, name, uid, expiration, [DEFAULT_AUDIENCE]);
      const user = `system:serviceaccount:${namespace}:${name}`;
      await writeKubeconfig(path, { url, caPem: certificates.caPem, user, token, namespace });
      return path;
    },
    registerService: (service, target) => services.register(service, target),
    observe: (listener) => observers.add(listener),
    async stop() {
      controllers?.stop();
      namespaceContents.stop();
      customResources.stop();
      chain.stop();
      await close(server);
      journal?.close();
    },
  };
}

function openState(state: ApiServerOptions['state']): Journal | undefined {
  return state === undefined
    ? undefined
    : openJournal({
        path: join(state.folder, 'journal.jsonl'),
        ...(state.fsync === undefined ? {} : { fsync: state.fsync }),
      });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      // A TCP server's address is an object.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
