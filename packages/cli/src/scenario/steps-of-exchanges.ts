import type { ObservedExchange } from '@vouchsafe/sandbox';
import { parse } from 'yaml';
import { readStep } from './recorded-read.ts';
import { waitFor } from './recorded-target.ts';
import { writeStep } from './recorded-write.ts';
import type { ScenarioStep } from './scenario.ts';

/** A step that runs kubectl, as it stands in a scenario's file. */
export type RecordedStep = Pick<ScenarioStep, 'title' | 'stdin' | 'expect' | 'within'> & {
  readonly kubectl: readonly string[];
};

/** Steps, and what could not become one. */
export interface RecordedSteps {
  readonly steps: readonly RecordedStep[];
  readonly notes: readonly string[];
}

/**
 * Turns requests into steps that ask for the same. kubectl marks the requests of one command by a session: where it wrote,
 * its reads were means to that end; where it only read, what it found is what is expected.
 */
export function stepsOfExchanges(exchanges: readonly ObservedExchange[]): RecordedSteps {
  const steps: RecordedStep[] = [];
  const notes: string[] = [];
  for (const session of sessionsOf(exchanges)) {
    const writes = session.filter(({ method }) => method !== 'GET');
    for (const exchange of writes) {
      const step = writeStep(exchange);
      if (typeof step === 'string') notes.push(step);
      else steps.push(step, ...waitsAfter(exchange));
    }
    if (writes.length === 0) addReads(session, steps, notes);
  }
  return { steps, notes: [...new Set(notes)] };
}

/** In the order of their first request. A request without a session is one of its own. */
function sessionsOf(exchanges: readonly ObservedExchange[]): readonly (readonly ObservedExchange[])[] {
  const sessions = new Map<string, ObservedExchange[]>();
  exchanges.forEach((exchange, index) => {
    const key = exchange.session ?? `#${index}`;
    const known = sessions.get(key);
    if (known) known.push(exchange);
    else sessions.set(key, [exchange]);
  });
  return [...sessions.values()];
}

/** Commands that only read and say the same when they are given again. */
const READERS = new Set(['kubectl get', 'kubectl describe', 'kubectl delete', undefined]);

function addReads(session: readonly ObservedExchange[], steps: RecordedStep[], notes: string[]): void {
  const [first] = session;
  if (!first) return;
  if (!READERS.has(first.command)) {
    notes.push(`\`${first.command}\` on ${first.resource.plural} changes nothing and was left out`);
    return;
  }
  // describe reads related objects and events after the object itself
  const reads = first.command === 'kubectl get' || first.command === undefined ? session : [first];
  for (const exchange of reads) {
    const step = readStep(exchange);
    if (typeof step === 'string') notes.push(step);
    else steps.push(step);
  }
}

const CONDITIONS: Readonly<Record<string, string>> = {
  'customresourcedefinitions.apiextensions.k8s.io': 'Established',
  'clusterpolicies.kyverno.io': 'Ready',
  'policies.kyverno.io': 'Ready',
};

/** A person takes longer to type the next command than these need to come into force. */
function waitsAfter({ code, resource, object, patch, method }: ObservedExchange): readonly RecordedStep[] {
  const type = `${resource.plural}.${resource.group}`;
  const condition = CONDITIONS[type];
  if (condition === undefined || code >= 400 || method === 'DELETE') return [];
  const { metadata } = (object ?? (patch === undefined ? {} : parse(patch))) as {
    readonly metadata?: { readonly name?: string };
  }; // an API object
  const name = resource.name || metadata?.name;
  if (!name) return [];
  return [waitFor({ type, name, namespace: resource.namespace }, condition)];
}
