import manifest from '../package.json' with { type: 'json' };
import { parseOperatorSettings } from './settings/operator-settings.ts';
import { startHeapGrowth } from './wiring/heap-growth.ts';
import { startMemoryWatch } from './wiring/memory-watch.ts';
import { collectOnce, releaseMemory } from './wiring/release-memory.ts';
import { keepCollectionsShort } from './wiring/short-collections.ts';
import { startOperator } from './wiring/start-operator.ts';

/** The process of the operator: reads settings, starts, waits for a signal. A parent with a channel is told when it is ready. */
async function main(): Promise<void> {
  const settings = parseOperatorSettings(process.argv.slice(2), process.env);
  const operator = await startOperator(settings, manifest.version);
  const stop = () => {
    operator.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  await operator.ready;
  process.send?.({ webhookPort: operator.webhookPort, metricsPort: operator.metricsPort, pid: process.pid });
  releaseMemory();
  startHeapGrowth();
  keepCollectionsShort();
  startMemoryWatch({ outside: outsideOfHeap, collect: collectOnce });
}

/** Bytes that V8 does not count. */
function outsideOfHeap(): number {
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}

main().catch((error: unknown) => {
  console.error(`vouchsafe operator: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
});
