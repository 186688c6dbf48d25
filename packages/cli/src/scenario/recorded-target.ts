import type { ObservedExchange } from '@vouchsafe/sandbox';
import type { Expectation } from './scenario.ts';
import type { RecordedStep } from './steps-of-exchanges.ts';

type Resource = ObservedExchange['resource'];

const DEFAULT_NAMESPACE = 'default';

/** `deployments.apps`, `pods`: as kubectl takes it, whatever other groups serve the same name. */
export function typeOf({ plural, group }: Resource): string {
  return group ? `${plural}.${group}` : plural;
}

/** The flag for the namespace; none for the default one and for cluster-scoped kinds. */
export function placeOf({ namespace, isNamespaced }: Resource): readonly string[] {
  return isNamespaced && namespace !== '' && namespace !== DEFAULT_NAMESPACE ? ['-n', namespace] : [];
}

/** For people: `deployment web`, `the pods`. */
export function titleOf({ singular, plural }: Resource, name = ''): string {
  return name ? `${singular} ${name}` : `the ${plural}`;
}

const MOST_LINES = 6;
/** Ports, times and generated ids are others the next time. */
const FLEETING = /127\.0\.0\.1:\d+|\d{4}-\d\d-\d\dT|[0-9a-f]{8}-[0-9a-f]{4}-/;

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly name?: string; readonly causes?: readonly { readonly field?: string }[] };
}

/** What kubectl says of a refusal, without what changes from run to run. */
export function refusalOf({ answer }: ObservedExchange): Expectation {
  const { message = '', reason, details } = (answer ?? {}) as Status; // a Status is what a refusal carries
  if (reason === 'Invalid') {
    // kubectl words these itself, from the causes
    const fields = (details?.causes ?? []).flatMap(({ field }) => (field ? [field] : []));
    return { exit: 1, stderr: ['is invalid', ...new Set(fields)].slice(0, MOST_LINES) };
  }
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !FLEETING.test(line));
  return { exit: 'fails', stderr: lines.slice(0, MOST_LINES) };
}

/** A step that waits until an object has a condition. */
export function waitFor(
  { type, name, namespace }: { readonly type: string; readonly name: string; readonly namespace: string | undefined },
  condition: string,
): RecordedStep {
  const place = namespace ? ['-n', namespace] : [];
  return {
    title: `${name} is ${condition.toLowerCase()}`,
    kubectl: ['wait', `${type}/${name}`, ...place, `--for=condition=${condition}`, '--timeout=30s'],
  };
}
