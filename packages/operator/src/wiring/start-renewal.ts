import type { RenewedCertificates } from '../certs/renew-certificates.ts';
import { type Logger, messageOf } from '../settings/logger.ts';

const CHECK_MS = 12 * 3_600_000;

/** Looks twice a day whether the certificates are to be renewed; the old ones go on when that fails. */
export function startRenewal(options: {
  readonly ensure: () => Promise<RenewedCertificates>;
  readonly onRenewed: (certificates: RenewedCertificates) => void;
  readonly log: Logger;
}): { stop(): void } {
  const { ensure, onRenewed, log } = options;
  const timer = setInterval(() => {
    ensure().then(onRenewed, (error: unknown) =>
      log.error({ error: messageOf(error) }, 'renewing certificates failed; the old ones go on'),
    );
  }, CHECK_MS);
  return { stop: () => clearInterval(timer) };
}
