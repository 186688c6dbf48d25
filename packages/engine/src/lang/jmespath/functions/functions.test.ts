import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../../kernel/host.ts';
import type { Json } from '../../../kernel/json.ts';
import { compileRegExp } from '../../../kernel/regexp.ts';
import { compileJmesPath, isJmesPathDiagnostic } from '../compile-jmespath.ts';

let seed = 1;
const HOST: EngineHost = {
  hash: () => '',
  decodeCertificate: () => new EvaluationError('not available'),
  // A fixed sequence (Park and Miller).
  random: () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  },
};

function evaluate(text: string, root: Json = {}): Json | EvaluationError {
  const compiled = compileJmesPath(text, HOST);
  if (isJmesPathDiagnostic(compiled)) throw new Error(compiled.message);
  return compiled.evaluate(root, Date.parse('2024-02-29T12:00:00Z'));
}

describe.each<[string, readonly (readonly [string, Json | EvaluationError])[]]>([
  [
    'arithmetic',
    [
      ["add('12Ki', '13')", '12301'],
      ["add('1h', '30s')", '1h0m30s'],
      // `30m` is a quantity, thirty thousandths.
      ["add('1h', '30m')", failure('add', 'Types mismatch')],
      ['add(`10`, `5`)', 15],
      ["add(`10`, '10')", failure('add', 'Types mismatch')],
      ["add('x', `1`)", failure('add', 'invalid operand')],
      ['add(missing, `1`)', failure('add', 'invalid operand')],
      ["subtract('12Ki', '13Ki')", '-1Ki'],
      ["subtract('12Ki', '13')", '12275'],
      ["multiply('12Ki', `2`)", '24Ki'],
      ["multiply(`2.5`, '12Ki')", '30Ki'],
      ["multiply(`2.5`, '12')", '30'],
      ["multiply('1Ki', '2')", failure('multiply', 'Types mismatch')],
      ["divide('8', '3')", 8 / 3],
      ["divide('12Ki', `3`)", '4Ki'],
      ["divide('12Ki', '200')", 61.44],
      ["divide('12s', `5`)", '2.4s'],
      ['divide(`1`, `0`)', failure('divide', 'Zero divisor passed')],
      ["divide('1', '0')", failure('divide', 'Zero divisor passed')],
      ["modulo('13s', '2s')", '1s'],
      ['modulo(`13`, `5`)', 3],
      ["modulo('4.5', '1')", failure('modulo', 'Non-integer argument(s) passed for modulo')],
      ['modulo(`14`, `1.5`)', failure('modulo', 'Non-integer argument(s) passed for modulo')],
      ["sum(['12Ki', '13'])", '12301'],
      ['sum(`[12, 13, 1, 4]`)', 30],
      ['sum(`[]`)', failure('sum', 'at least one element in the array is required')],
      ['sum(`[1, "x"]`)', failure('sum', 'invalid operand')],
      ['round(`14`, `1.5`)', failure('round', 'Non-integer argument(s) passed for round off')],
      ['round(`14`, `-2`)', failure('round', 'argument is out of bounds')],
      ['round(`-2.5`, `0`)', -3],
    ],
  ],
  [
    'strings',
    [
      ["truncate('Lorem ipsum', `2.6`)", 'Lo'],
      ["truncate('Lorem ipsum', `-1`)", ''],
      ["path_canonicalize('///')", '/'],
      ["path_canonicalize('/run/../etc')", '/etc'],
      ["path_canonicalize('/../../')", '/'],
      ["path_canonicalize('///etc*')", '/etc*'],
      ["path_canonicalize('a/../../b')", '../b'],
      ["path_canonicalize('')", ''],
      ["split('Hello, Gophers', ', ')", ['Hello', 'Gophers']],
      ["split('', ',')", ['']],
      ["split('añ', '')", ['a', 'ñ']],
      ["replace('Hello', '', '-', `2`)", '-H-ello'],
      ["replace('ab', '', '-', `-1`)", '-a-b-'],
      ["replace('aaa', 'a', 'b', `0`)", 'aaa'],
      ["equal_fold('Straße', 'STRASSE')", false],
      ["compare('b', 'a')", 1],
      ["to_boolean('yes')", failure('to_boolean', "lowercase argument must be 'true' or 'false' (provided: 'yes')")],
      ["length('😀x')", 2],
      ["sort(['😀', '\uffff'])", ['\uffff', '😀']],
      ["trim('xxaxx', 'x')", 'a'],
    ],
  ],
  [
    'patterns',
    [
      ["regex_replace_all('([Hh]e|G)l', 'Hello world, helworldlo', '$2')", 'lo world, worldlo'],
      ["regex_replace_all('(H|G)e', 'Hello Gel', '$3$1-')", 'H-llo G-l'],
      ["regex_match('12.*', abs(`-12`))", true],
      ["regex_match('^1.5$', `1.5`)", true],
      ["regex_replace_all('0', `100`, `5`)", '155'],
      ["pattern_match('12*', `123`)", true],
      ["pattern_match('?', 'ab')", false],
      ['label_match(`{"a": "x"}`, `{"a": "y"}`)', false],
      ['label_match(`{}`, `{"a": "y"}`)', true],
    ],
  ],
  [
    'collections',
    [
      [
        'items(`["A", "B"]`, \'k\', \'v\')',
        [
          { k: 0, v: 'A' },
          { k: 1, v: 'B' },
        ],
      ],
      ['object_from_lists(`["k", 1.5, true]`, `[1]`)', { k: 1, '1.5': null, true: null }],
      ['object_from_lists(`[null]`, `[1]`)', failure('object_from_lists', 'argument #1 is not of type StringArray')],
      ['lookup(`{"a": 1}`, \'b\')', null],
      ['lookup(`[1]`, `5`)', null],
      ['lookup(`[1]`, `-1`)', null],
      ['lookup(`[1]`, `0.5`)', failure('lookup', 'argument #2: expected an integer number but got: 0.5')],
      ["lookup(`[1]`, 'a')", failure('lookup', 'argument #2 is not of type Number')],
      ['to_string(`{"b": "<a>", "a": [1.5, null]}`)', '{"a":[1.5,null],"b":"\\u003ca\\u003e"}'],
      ['to_string(`{}`)', '{}'],
      ["to_number('1e400')", null],
      ["to_number('0x10')", null],
      ["to_number('abc')", null],
      ['avg(`[]`)', null],
    ],
  ],
  [
    'time',
    [
      ["time_parse('1702691171', '1702691171')", '2023-12-16T01:46:11Z'],
      ["time_parse('Mon Jan 02 2006 15:04:05 -0700', 'Fri Jun 22 2022 17:45:00 +0100')", '2022-06-22T17:45:00+01:00'],
      ["time_parse('2006-01-02', '2021-02-30')", new EvaluationError('parsing time "2021-02-30": day out of range')],
      ["time_parse('3:04PM', '12:30AM')", '0000-01-01T00:30:00Z'],
      ["time_parse('Jan _2 15:04:05.000', 'Feb  3 04:05:06.789')", '0000-02-03T04:05:06Z'],
      ["time_add('2021-01-02T15:04:05-07:00', '-24h')", '2021-01-01T15:04:05-07:00'],
      [
        "time_add('x', '3h')",
        new EvaluationError('parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
      ],
      ["time_add('2021-01-02T15:04:05Z', '3')", new EvaluationError('time: missing unit in duration "3"')],
      [
        "time_add('2021-01-02T15:04:05Z', '3 days')",
        new EvaluationError('time: unknown unit " days" in duration "3 days"'),
      ],
      ["time_add('2021-01-02T15:04:05Z', 'soon')", new EvaluationError('time: invalid duration "soon"')],
      ["time_truncate('2021-01-02T15:04:05+02:00', '24h')", '2021-01-02T02:00:00+02:00'],
      ["time_since('', '2024-02-29T11:00:00Z', '')", '1h0m0s'],
      ["time_since('2006-01-02', '2024-02-27', '2024-02-29')", '48h0m0s'],
      ["time_diff('2024-02-29T12:00:00.5Z', '2024-02-29T12:00:01Z')", '500ms'],
      ["time_diff('2024-02-29T12:00:00Z', '2024-02-29T13:00:00+01:00')", '0s'],
      ["time_utc('1600-02-29T23:59:59-01:00')", '1600-03-01T00:59:59Z'],
      [
        "time_utc('2021-13-02T15:04:05Z')",
        new EvaluationError('parsing time "2021-13-02T15:04:05Z": month out of range'),
      ],
      ["time_between('2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z')", false],
    ],
  ],
  [
    'encodings',
    [
      ["base64_encode('añ😀')", 'YcOx8J+YgA=='],
      ["base64_decode('YcOx8J+YgA==')", 'añ😀'],
      ["base64_decode('YQ')", new EvaluationError('illegal base64 data at input byte 0')],
      ["base64_decode('Y!==')", new EvaluationError('illegal base64 data at input byte 1')],
      ["base64_decode('/w==')", '\ufffd'],
      ["base64_decode('')", ''],
      ["parse_json('{')", new EvaluationError('invalid JSON')],
      ["parse_yaml('- 1\n- a: b')", [1, { a: 'b' }]],
      [
        "parse_yaml('a: 2021-01-01\nb: 12:30:00\nc: 0o17\nd: ~\ne: 017')",
        { a: '2021-01-01', b: '12:30:00', c: 15, d: null, e: 15 },
      ],
      ["parse_yaml('base: &b {x: 1}\nmine: {<<: *b, z: 2}')", { base: { x: 1 }, mine: { x: 1, z: 2 } }],
      ["parse_yaml('y: n')", { true: false }],
      ["parse_yaml('a: 1\n---\nb: 2')", { a: 1 }],
      ["parse_yaml('1: a\ntrue: b')", { '1': 'a', true: 'b' }],
      ["parse_yaml('')", null],
    ],
  ],
  [
    'names',
    [
      ["semver_compare('4.1.3', '>=4.1.x')", true],
      ["semver_compare('4.1.3', '!4.x.x')", false],
      ["semver_compare('2.1.5', '<2.0.0 || >=3.0.0')", false],
      ["image_normalize('docker.io/library/nginx')", 'docker.io/library/nginx:latest'],
      ["is_external_url('http://[fd12:3456:789a:1::1]')", false],
      ["is_external_url('http://www.google.com@192.168.1.3')", false],
      ["is_external_url('http://[::ffff:10.0.0.1]:80/')", false],
      ["is_external_url('http://[::1]/')", false],
      ["is_external_url('http://172.32.0.1:8080/x')", true],
      ["is_external_url('http://localhost/')", false],
      [
        "is_external_url('https://example.org/')",
        failure('is_external_url', 'lookup example.org: host names cannot be resolved here, only IP addresses'),
      ],
    ],
  ],
])('%s', (_, rows) => {
  it.each(rows)('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });
});

function failure(name: string, message: string): EvaluationError {
  return new EvaluationError(`JMESPath function '${name}': ${message}`);
}

describe('random', () => {
  it.each([
    '[0-9a-z]{5}-\\d+',
    '(foo|ba[rz])?x*',
    '^[^a-c[:digit:]\\s]{3,6}$',
    '\\w\\W\\D\\S.',
    '(?P<name>[A-F0-9]{2}:){5}[A-F0-9]{2}',
    '\\Qa.b\\E\\x41\\.{1}',
    '[]a-]+[a\\]\\-z]',
  ])('gives texts that match %s', (pattern) => {
    const regexp = compileRegExp(`^(?:${pattern})$`);
    if (regexp instanceof EvaluationError) throw new Error(regexp.message);
    const texts = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const text = evaluate('random(p)', { p: pattern });
      if (typeof text !== 'string') throw new Error(text instanceof EvaluationError ? text.message : 'no text');
      expect(regexp.test(text), `${pattern} gave ${text}`).toBe(true);
      texts.add(text);
    }
    expect(texts.size).toBeGreaterThan(pattern.startsWith('\\Q') ? 0 : 1);
  });

  it('refuses what is no pattern', () => {
    expect(evaluate("random('')")).toEqual(new EvaluationError('no pattern provided'));
    expect(evaluate("random('[')")).toBeInstanceOf(EvaluationError);
    expect(evaluate("random('(?i)a')")).toBeInstanceOf(EvaluationError);
  });
});
