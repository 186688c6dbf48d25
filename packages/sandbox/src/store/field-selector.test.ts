import { describe, expect, it } from 'vitest';
import { parseFieldSelector } from './field-selector.ts';

describe('parseFieldSelector', () => {
  it('reads terms, negations and escapes', () => {
    expect(parseFieldSelector('metadata.name=a,status.phase!=Running,x==a\\,b\\=c')).toEqual({
      ok: true,
      selector: [
        { field: 'metadata.name', negated: false, value: 'a' },
        { field: 'status.phase', negated: true, value: 'Running' },
        { field: 'x', negated: false, value: 'a,b=c' },
      ],
    });
  });

  it('tells what it cannot understand', () => {
    expect(parseFieldSelector('metadata.name')).toEqual({
      ok: false,
      message: "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
    });
  });
});
