import { describe, expect, it } from 'vitest';
import { createMetricRegistry } from './metric-registry.ts';

describe('metrics', () => {
  it('are rendered as Prometheus reads them', () => {
    const registry = createMetricRegistry();
    const counter = registry.counter<'kind'>('requests_total', 'requests');
    counter.child({ kind: 'Pod' }).inc();
    counter.child({ kind: 'Pod' }).inc();
    registry.gauge<'version'>('info', 'the version').set({ version: '1"\\\n' }, 1);
    const histogram = registry.histogram<never>('seconds', 'time', [0.1, 1]).child({});
    for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe(value);
    expect(registry.render()).toBe(
      [
        '# HELP requests_total requests',
        '# TYPE requests_total counter',
        'requests_total{kind="Pod"} 2',
        '# HELP info the version',
        '# TYPE info gauge',
        'info{version="1\\"\\\\\\n"} 1',
        '# HELP seconds time',
        '# TYPE seconds histogram',
        'seconds_bucket{le="0.1"} 2',
        'seconds_bucket{le="1"} 3',
        'seconds_bucket{le="+Inf"} 4',
        'seconds_sum 3.65',
        'seconds_count 4',
        '',
      ].join('\n'),
    );
  });

  it('are bounded: label sets beyond the limit share one child', () => {
    const registry = createMetricRegistry();
    const counter = registry.counter<'name'>('many_total', 'many');
    for (let index = 0; index < 20_100; index += 1) counter.child({ name: String(index) }).inc();
    expect(registry.render()).toContain('many_total{name="other"} 100');
  });
});
