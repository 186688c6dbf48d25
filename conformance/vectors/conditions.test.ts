import type { Json } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { holds } from './evaluate-rule.ts';

type Row = readonly [key: Json, operator: string, value: Json, result: boolean];

const ADDRESSES = ['1.1.1.1', '2.2.2.2', '3.3.3.3'];

/** The facts of kyverno-core §2.14 about operators. */
describe('vectors: operators', () => {
  it.each<Row>([
    ['1024', 'Equals', '1Ki', true],
    ['1Gi', 'Equals', '1024Mi', true],
    ['1h', 'Equals', '60m', true],
    ['1h', 'Equals', 3600, true],
    ['1.5.2', 'Equals', '1.5.*', true],
    [{ foo: 'bar' }, 'Equals', { foo: 'bar' }, true],
    [1.0, 'Equals', '2.0', false],
    [true, 'Equals', 'true', false],
    [['foo', 'bar'], 'Equals', ['bar', 'foo'], false],
    ['string', 'Equals', 1, false],
    ['string', 'NotEquals', 1, true],
    [true, 'NotEquals', 'false', true],
    ['1023', 'NotEquals', '1Ki', true],
    ['1025', 'GreaterThan', '1Ki', true],
    ['10h', 'GreaterThanOrEquals', '1h', true],
    [100, 'GreaterThanOrEquals', '10', true],
    ['2h', 'GreaterThanOrEquals', 3600, true],
    ['1.5.5', 'GreaterThanOrEquals', '1.5.0', true],
    [1, 'LessThanOrEquals', 1.5, true],
    [1, 'In', [1, 2, 3], true],
    ['1.1.1.1', 'In', ['1*'], true],
    [['1.1.1.1', '2.2.2.2'], 'In', ADDRESSES, true],
    [['1.1.1.1', '4.4.4.4'], 'NotIn', ADDRESSES, true],
    [['1*'], 'AnyIn', ADDRESSES, true],
    [['1.1.1.1', '5.5.5.5'], 'AnyIn', '1.1.1.1', true],
    ['5', 'AnyIn', '1-10', true],
    [[1, 5], 'AnyIn', '0-10', true],
    [[1.002, 1.222], 'AnyIn', '1.001-10', true],
    [[1, 5], 'AnyIn', '7-10', false],
    [['5'], 'AnyIn', '1-3', false],
    [['2.1.1.1', '2.2.2.2'], 'AllIn', ['2*'], true],
    [[3, 2], 'AllIn', '1-10', true],
    [[3, 2], 'AllIn', '5-10', false],
    [['1*', '2*'], 'AllNotIn', ['1.1.1.1', '2.2.2.2'], false],
    [['1.1.1.1', '4.4.4.4'], 'AllNotIn', '2.2.2.2', true],
    [5.5, 'AllNotIn', '6-10', true],
    [[2, 6], 'AllNotIn', '5-10', false],
    [['2.2*'], 'AnyNotIn', ['2.2.2.2'], false],
    [['5.5.5.5', '4.4.4.4'], 'AnyNotIn', '4.4.4.4', true],
    [[1, 5, 11], 'AnyNotIn', '0-10', true],
    [[1, 5, 7], 'AnyNotIn', '0-10', false],
  ])('%j %s %j: %s', (key, operator, value, result) => {
    expect(holds({ key, operator, value })).toBe(result);
  });
});
