import { createServer } from 'node:http';
import { joinPem } from '@vouchsafe/kube/pki';
import { listen, stopServer } from '../registry/listen.ts';
import { createAuthorities } from './authorities.ts';
import type { IdentityClaims } from './identity-claims.ts';
import { createIdentityToken } from './identity-token.ts';
import { createServiceRoutes, type ServedRequest } from './service-routes.ts';
import { createSigstoreServices, type SigstoreServices } from './sigstore-services.ts';
import { loadState, saveState, writeSigstoreFiles } from './state-folder.ts';
import {
  createSigningConfig,
  createTrustedRoot,
  type SigningConfigOptions,
  type SigstoreUrls,
  type TrustedRoot,
} from './trusted-root.ts';
import { createTufRepository } from './tuf-repository.ts';

export interface SigstoreOptions {
  /** Loopback by default. */
  host?: string;
  /** 0 (the default) takes a free port. */
  port?: number;
  /**
   * Keys and certificates are kept in this folder and used again at the next start; the files the cosign command line
   * wants are written there too. Without it every start has fresh keys and nothing is written.
   */
  stateFolder?: string;
  /** The services' clock. */
  clock?: () => Date;
}

/** Who a token is for. Without `issuer` the token says it comes from these services' own issuer. */
export interface TokenRequest {
  issuer?: string;
  subject?: string;
  email?: string;
  /** GitHub's and other issuers' claims. */
  claims?: Readonly<Record<string, string | number | boolean>>;
}

/** Running Sigstore services. Trusted only where `trustedRoot` is named. */
export interface Sigstore {
  readonly urls: SigstoreUrls;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly trustedRoot: TrustedRoot;
  /** The services themselves, without HTTP; the built-in signer takes them. */
  readonly services: SigstoreServices;
  /** PEM files older cosign versions and Kyverno policies name one by one. */
  readonly pem: SigstorePem;
  /** What a TUF client must be given to trust `urls.tuf`. */
  readonly tufRootJson: string;
  signingConfig(options: SigningConfigOptions): unknown;
  oidcToken(request?: TokenRequest): string;
  /** The claims such a token has, for the built-in signer. */
  identityClaims(request?: TokenRequest): IdentityClaims;
  /** Requests served, oldest first (the last 1000). */
  requests(): readonly ServedRequest[];
  /** Writes trusted root, signing configurations, PEM files and the TUF root for command lines. */
  writeFiles(folder: string): Promise<void>;
  stop(): Promise<void>;
}

export interface SigstorePem {
  /** Intermediate and root. */
  fulcioChain: string;
  fulcioRoot: string;
  fulcioIntermediate: string;
  /** Signer and root. */
  timestampChain: string;
  rekorPublicKey: string;
  certificateLogPublicKey: string;
}

const DAY = 86_400_000;

/** Starts all services on one loopback port. Rejects when the port is taken or the state folder cannot be used. */
export async function startSigstore(options: SigstoreOptions = {}): Promise<Sigstore> {
  const clock = options.clock ?? (() => new Date());
  const stored = options.stateFolder === undefined ? undefined : await loadState(options.stateFolder);
  const authorities = stored ?? createAuthorities(new Date(clock().getTime() - DAY));
  const server = createServer();
  const address = options.host ?? '127.0.0.1';
  const port = await listen(server, address, options.port ?? 0);
  const host = `${address}:${port}`;
  const urls = urlsOf(`http://${host}`);
  const services = createSigstoreServices(authorities, host, clock);
  const trustedRoot = createTrustedRoot(
    authorities,
    {
      certificateLog: services.certificateLog,
      rekor: services.rekor.key,
      rekorV2: services.rekorV2.key,
      rekorV2Origin: services.rekorV2.origin,
    },
    urls,
  );
  const signingConfig = (wanted: SigningConfigOptions) => createSigningConfig(urls, authorities.validFrom, wanted);
  const tuf = createTufRepository(
    {
      'trusted_root.json': JSON.stringify(trustedRoot),
      'signing_config.v0.2.json': JSON.stringify(signingConfig({ rekor: 'v2', timestamp: true })),
    },
    clock(),
  );
  const routes = createServiceRoutes(services, urls, tuf);
  server.on('request', routes.listener);

  const identityClaims = (request: TokenRequest = {}): IdentityClaims => ({
    iss: request.issuer ?? urls.oidc,
    sub: request.subject ?? request.email ?? 'https://sandbox.example/job',
    ...(request.email === undefined ? {} : { email: request.email, email_verified: true }),
    ...request.claims,
  });
  const sigstore: Sigstore = {
    urls,
    host,
    trustedRoot,
    services,
    pem: pemOf(services),
    tufRootJson: tuf.rootJson,
    signingConfig,
    identityClaims,
    oidcToken: (request) => createIdentityToken(authorities.oidc, identityClaims(request), clock()),
    requests: routes.requests,
    writeFiles: (folder) => writeSigstoreFiles(folder, sigstore),
    stop: () => stopServer(server),
  };
  if (options.stateFolder !== undefined) {
    await saveState(options.stateFolder, authorities);
    await writeSigstoreFiles(options.stateFolder, sigstore);
  }
  return sigstore;
}

function urlsOf(base: string): SigstoreUrls {
  return {
    fulcio: base,
    rekor: base,
    rekorV2: base,
    timestamp: `${base}/api/v1/timestamp`,
    oidc: base,
    tuf: `${base}/tuf`,
  };
}

function pemOf(services: SigstoreServices): SigstorePem {
  const { fulcioRoot, fulcioIntermediate, timestampRoot, timestampSigner } = services.authorities;
  return {
    fulcioChain: fulcioIntermediate.certificatePem + fulcioRoot.certificatePem,
    fulcioRoot: fulcioRoot.certificatePem,
    fulcioIntermediate: fulcioIntermediate.certificatePem,
    timestampChain: timestampSigner.certificatePem + timestampRoot.certificatePem,
    rekorPublicKey: joinPem('PUBLIC KEY', services.rekor.key.spki),
    certificateLogPublicKey: joinPem('PUBLIC KEY', services.certificateLog.spki),
  };
}
