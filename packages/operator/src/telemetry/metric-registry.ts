/**
 * Counters, gauges and histograms with children that are objects: recording is a few additions, without looking labels
 * up or hashing them, since every admission records dozens. The text is Prometheus' exposition format 0.0.4.
 */
export interface MetricRegistry {
  counter<Label extends string>(name: string, help: string): Family<Label, CounterChild>;
  gauge<Label extends string>(name: string, help: string): GaugeFamily<Label>;
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
  ): Family<Label, HistogramChild>;
  render(): string;
}

export interface CounterChild {
  inc(): void;
}

export interface HistogramChild {
  observe(value: number): void;
}

export interface Family<Label extends string, Child> {
  /** The child of these label values; the same one each time. Keep it rather than asking again. */
  child(labels: Readonly<Record<Label, string>>): Child;
}

export interface GaugeFamily<Label extends string> {
  set(labels: Readonly<Record<Label, string>>, value: number): void;
  clear(): void;
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Label sets a metric holds at most; what comes later is counted under `other` values, so that memory is bounded. */
const MAX_CHILDREN = 20_000;

export function createMetricRegistry(): MetricRegistry {
  const renderers: (() => string)[] = [];
  const family = <Label extends string, Child>(
    name: string,
    help: string,
    type: string,
    create: () => Child,
    lines: (labels: string, child: Child) => string,
  ): Family<Label, Child> => {
    const children = new Map<string, Child>();
    renderers.push(() => {
      const body = [...children].map(([labels, child]) => lines(labels, child)).join('');
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${body}`;
    });
    return {
      child(labels) {
        const wanted = labelText(labels);
        const known = children.get(wanted);
        if (known) return known;
        const text = children.size < MAX_CHILDREN ? wanted : labelText(overflow(labels));
        const child = children.get(text) ?? create();
        children.set(text, child);
        return child;
      },
    };
  };

  return {
    counter: (name, help) =>
      family(name, help, 'counter', createCounter, (labels, child) => `${name}${braces(labels)} ${child.value}\n`),
    histogram: (name, help, buckets) =>
      family(
        name,
        help,
        'histogram',
        () => createHistogram(buckets),
        (labels, child) => histogramLines(name, labels, child),
      ),
    gauge(name, help) {
      const values = new Map<string, number>();
      renderers.push(() => {
        const body = [...values].map(([labels, value]) => `${name}${braces(labels)} ${value}\n`).join('');
        return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${body}`;
      });
      return {
        set: (labels, value) => void values.set(labelText(labels), value),
        clear: () => values.clear(),
      };
    },
    render: () => renderers.map((render) => render()).join(''),
  };
}

function createCounter() {
  return {
    value: 0,
    inc() {
      this.value += 1;
    },
  };
}

function createHistogram(buckets: readonly number[]) {
  return {
    buckets,
    counts: new Array<number>(buckets.length + 1).fill(0),
    sum: 0,
    count: 0,
    observe(value: number) {
      let at = 0;
      while (at < buckets.length && value > (buckets[at] ?? Number.POSITIVE_INFINITY)) at += 1;
      this.counts[at] = (this.counts[at] ?? 0) + 1;
      this.sum += value;
      this.count += 1;
    },
  };
}

function histogramLines(
  name: string,
  labels: string,
  { buckets, counts, sum, count }: ReturnType<typeof createHistogram>,
): string {
  const prefix = labels === '' ? '' : `${labels},`;
  let cumulative = 0;
  const lines = buckets.map((bound, index) => {
    cumulative += counts[index] ?? 0;
    return `${name}_bucket{${prefix}le="${bound}"} ${cumulative}\n`;
  });
  return `${lines.join('')}${name}_bucket{${prefix}le="+Inf"} ${count}\n${name}_sum${braces(labels)} ${sum}\n${name}_count${braces(labels)} ${count}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(
      ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
    )
    .join(',');
}

function overflow<Label extends string>(labels: Readonly<Record<Label, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']));
}

function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}
