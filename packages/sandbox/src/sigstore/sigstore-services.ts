import { type Authorities, createAuthorities } from './authorities.ts';
import { type CertificateOrder, type IssuedCertificate, issueCertificate } from './certificate-authority.ts';
import { createLogKey, createNoteKey, type LogKey } from './log-key.ts';
import { createRekorV1, type RekorV1 } from './rekor-v1.ts';
import { createRekorV2, type RekorV2 } from './rekor-v2.ts';
import { createTimestamp, type TimestampRequest } from './timestamp-authority.ts';

/** The services without HTTP: what the built-in signer uses, and what the HTTP routes speak for. */
export interface SigstoreServices {
  readonly authorities: Authorities;
  readonly certificateLog: LogKey;
  readonly rekor: RekorV1;
  readonly rekorV2: RekorV2;
  now(): Date;
  issueCertificate(order: Omit<CertificateOrder, 'now'>): IssuedCertificate;
  /** A TimeStampResp, DER, at the services' clock unless `at` is given. */
  timestamp(request: TimestampRequest, at?: Date): Uint8Array;
  /** Services of the same names whose keys nobody trusts. Made on first use. */
  impostor(): SigstoreServices;
}

/** `host` names the logs in their checkpoints: `127.0.0.1:PORT`. */
export function createSigstoreServices(authorities: Authorities, host: string, clock: () => Date): SigstoreServices {
  // Rekor v2 is named by its host without the port: clients compare it with a URL's host name.
  const rekorV2Origin = host.replace(/:\d+$/, '');
  let impostor: SigstoreServices | undefined;
  const services: SigstoreServices = {
    authorities,
    certificateLog: createLogKey(authorities.certificateLog),
    rekor: createRekorV1(createLogKey(authorities.rekor), host, authorities.treeId, clock),
    rekorV2: createRekorV2(createNoteKey(authorities.rekorV2, rekorV2Origin), rekorV2Origin),
    now: clock,
    issueCertificate: (order) =>
      issueCertificate(authorities, () => services.impostor().authorities, { ...order, now: clock() }),
    timestamp: (request, at = clock()) => createTimestamp(authorities, request, at),
    impostor() {
      impostor ??= createSigstoreServices(createAuthorities(authorities.validFrom), host, clock);
      return impostor;
    },
  };
  return services;
}
