import type { ApiServer, ObservedExchange, Registry } from '@vouchsafe/sandbox';
import { imagesIn } from './recorded-images.ts';
import type { ScenarioImage } from './scenario.ts';
import { type RecordedStep, stepsOfExchanges } from './steps-of-exchanges.ts';

/** What was typed, as the parts of a scenario. */
export interface Recording {
  readonly steps: readonly RecordedStep[];
  /** Images of the recorded objects that are in the registry. */
  readonly images: readonly ScenarioImage[];
  /** What could not be turned into steps, for a person to add. */
  readonly notes: readonly string[];
}

/** Keeps what kubectl asks of an API server, between a start and a stop. */
export interface Recorder {
  /** `before`: steps that make what the cluster holds already. Throws when a recording runs. */
  start(api: ApiServer, registry: Registry, before: readonly RecordedStep[]): void;
  /** Throws when none runs. */
  stop(): Recording;
  /** Forgets a running recording, if there is one. */
  cancel(): void;
}

const KUBECTL = /^kubectl/;
const MOST_EXCHANGES = 5_000;

/** Makes a recorder. It holds on to {@link MOST_EXCHANGES} requests at the most and tells when there were more. */
export function createRecorder(): Recorder {
  let running:
    | {
        readonly exchanges: ObservedExchange[];
        readonly end: () => void;
        readonly registry: Registry;
        readonly before: readonly RecordedStep[];
        missed: number;
      }
    | undefined;

  return {
    start(api, registry, before) {
      if (running) throw new Error('a recording is running already');
      const exchanges: ObservedExchange[] = [];
      const end = api.observe((exchange) => {
        if (!KUBECTL.test(exchange.userAgent) || running === undefined) return;
        if (exchanges.length < MOST_EXCHANGES) exchanges.push(exchange);
        else running.missed += 1;
      });
      running = { exchanges, end, registry, before, missed: 0 };
    },
    stop() {
      if (!running) throw new Error('no recording is running');
      const { exchanges, registry, before, missed, end } = running;
      end();
      running = undefined;
      const { steps, notes } = stepsOfExchanges(exchanges);
      const more = missed > 0 ? [`${missed} requests after the first ${MOST_EXCHANGES} were not recorded`] : [];
      return {
        steps: steps.length === 0 ? [] : [...before, ...steps],
        images: imagesIn(exchanges, registry),
        notes: [...notes, ...more],
      };
    },
    cancel() {
      running?.end();
      running = undefined;
    },
  };
}
