import { memberAt } from '@vouchsafe/engine/kernel';
import { type ReportGroup, toPolicyReport } from '@vouchsafe/engine/report';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { kubernetesObjectOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import { prepareReports, REPORT_RESOURCES } from './report-resources.ts';
import type { LedgerEntry, ResultLedger } from './result-ledger.ts';

export interface ReportWriterOptions {
  readonly client: KubeClient;
  readonly ledger: ResultLedger;
  /** `wgpolicyk8s.io` unless told. */
  readonly group?: ReportGroup;
  /** Milliseconds results are gathered before they are written: what lives shorter is never written. */
  readonly delayMs: number;
  readonly log: Logger;
}

export interface ReportWriter {
  /** Tells that the ledger changed; the write happens later. */
  notify(): void;
  /** Writes what is pending now; for tests and for a clean stop. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const FIELD_MANAGER = 'kyverno';
/** Writes under way at once. */
const WIDTH = 4;

/**
 * Writes reports behind the ledger: one write a resource whose results changed, none when nothing did. Write failures
 * are tried again with the next batch; a resource or namespace that is gone is forgotten.
 */
export function startReportWriter(options: ReportWriterOptions): ReportWriter {
  const { client, ledger, group = 'wgpolicyk8s.io', delayMs, log } = options;
  let timer: NodeJS.Timeout | undefined;
  let running = prepareReports(client, group, log);
  let stopped = false;

  async function writeOne(entry: LedgerEntry): Promise<void> {
    const { uid, namespace } = entry.resource;
    const report = toPolicyReport(entry.resource, entry.results, group);
    if (!report) return;
    const { namespaced, cluster } = REPORT_RESOURCES[group];
    const isNamespaced = memberAt(report, 'metadata', 'namespace') !== undefined;
    const gvr = isNamespaced ? namespaced : cluster;
    const target = { name: uid, ...(isNamespaced ? { namespace } : {}) };
    try {
      if (entry.results.length === 0) {
        await client.delete(gvr, target);
        ledger.forget(uid);
      } else {
        const body = kubernetesObjectOf(report);
        await client.patch(gvr, target, 'apply', body, { fieldManager: FIELD_MANAGER, force: true });
      }
    } catch (error) {
      if (
        isKubeError(error, 'NotFound') ||
        (isKubeError(error) && error.code === 403 && /being terminated/.test(error.message))
      ) {
        ledger.forget(uid);
        return;
      }
      ledger.retry(uid);
      log.warn({ error: messageOf(error), namespace, report: uid }, 'writing a report failed; it will be tried again');
      notify();
    }
  }

  async function writeAll(): Promise<void> {
    const pending = [...ledger.takeChanged()];
    const worker = async () => {
      for (let entry = pending.shift(); entry; entry = pending.shift()) await writeOne(entry);
    };
    await Promise.all(Array.from({ length: WIDTH }, worker));
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    running = running.then(writeAll);
    return running;
  }

  function notify(): void {
    if (stopped) return;
    timer ??= setTimeout(flush, delayMs);
  }

  return {
    notify,
    flush,
    async stop() {
      stopped = true;
      await flush();
      clearTimeout(timer);
    },
  };
}
