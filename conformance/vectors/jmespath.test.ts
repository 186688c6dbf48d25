import { compileJmesPath, isJmesPathDiagnostic } from '@vouchsafe/engine';
import { EvaluationError, type Json } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { describe, expect, it } from 'vitest';

const ERROR = Symbol('error');

function evaluate(text: string, root: Json = {}): Json | typeof ERROR {
  const compiled = compileJmesPath(text, NODE_HOST);
  if (isJmesPathDiagnostic(compiled)) throw new Error(compiled.message);
  const value = compiled.evaluate(root, 0);
  return value instanceof EvaluationError ? ERROR : value;
}

/** The facts of kyverno-core §2.14 about functions. */
describe('vectors: JMESPath', () => {
  it.each<[string, Json | typeof ERROR]>([
    ["add('12Ki','13Ki')", '25Ki'],
    ["add('12Ki','13')", '12301'],
    ["subtract('12Ki','13Ki')", '-1Ki'],
    ["subtract('12Ki','13')", '12275'],
    ["subtract('12s','13s')", '-1s'],
    ["multiply('12Ki', `2`)", '24Ki'],
    ["multiply(`2.5`,'12Ki')", '30Ki'],
    ["multiply(`2.5`,'12')", '30'],
    ["multiply(`2.5`,'40s')", '1m40s'],
    ["divide('8','3')", 8 / 3],
    ["divide('12Ki',`3`)", '4Ki'],
    ["divide('12Ki','200')", 61.44],
    ["divide('12s','5s')", 2.4],
    ["modulo('12Ki','5Ki')", '2Ki'],
    ["modulo('13s','2s')", '1s'],
    ['modulo(`13`,`5`)', 3],
    ["modulo('4.5','1')", ERROR],
    ['modulo(`14`,`1.5`)', ERROR],
    ['divide(`1`,`0`)', ERROR],
    ["modulo('1','0')", ERROR],
    ["add(`1`,'1Ki')", ERROR],
    ["subtract(`1`,'1s')", ERROR],
    ["multiply('1Ki','1Ki')", ERROR],
    ["multiply('1s','1s')", ERROR],
    ["multiply('1s','1Ki')", ERROR],
    ["sum(['12Ki','13'])", '12301'],
    ['sum([`12`,`13`,`1`,`4`])', 30],
    ['sum([])', ERROR],
    ['round(`9.414675`,`2`)', 9.41],
    ['round(`14`,`1.5`)', ERROR],
    ['round(`14`,`-2`)', ERROR],
    ["truncate('Lorem ipsum',`2.6`)", 'Lo'],
    ["truncate('Lorem ipsum',`-1`)", ''],
    ["path_canonicalize('///')", '/'],
    ["path_canonicalize('/run/../etc')", '/etc'],
    ["path_canonicalize('/../../')", '/'],
    ["path_canonicalize('///etc*')", '/etc*'],
    ["semver_compare('4.1.3','>=4.1.x')", true],
    ["semver_compare('4.1.3','!4.x.x')", false],
    ["semver_compare('1.8.6','>1.0.0 <2.0.0')", true],
    ["semver_compare('2.1.5','<2.0.0 || >=3.0.0')", false],
    ["image_normalize('nginx')", 'docker.io/nginx:latest'],
    ["image_normalize('docker.io/library/nginx')", 'docker.io/library/nginx:latest'],
    ["image_normalize('')", ERROR],
    ["is_external_url('http://[fd12:3456:789a:1::1]')", false],
    ["is_external_url('http://www.google.com@192.168.1.3')", false],
    ["is_external_url('http://245.48.83.160')", true],
    ["time_since('','2021-01-02T15:04:05-07:00','2021-01-10T03:14:05-07:00')", '180h10m0s'],
    ["time_to_cron('2023-02-02T15:04:05Z')", '4 15 2 2 4'],
    ["time_add('2021-01-02T15:04:05-07:00','3h')", '2021-01-02T18:04:05-07:00'],
    ["time_parse('1702691171','1702691171')", '2023-12-16T01:46:11Z'],
    [
      'items(`["A","B"]`,`"k"`,`"v"`)',
      [
        { k: 0, v: 'A' },
        { k: 1, v: 'B' },
      ],
    ],
    ['object_from_lists(`["key1","key2"]`,`[1]`)', { key1: 1, key2: null }],
    ['lookup(`{"a":1}`,\'b\')', null],
    ['lookup(`[1]`,`5`)', null],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the reference to a group is Go's.
    ["regex_replace_all('([Hh]e|G)l', 'Hello world, helworldlo', '${2}G')", 'Glo world, Gworldlo'],
    ["split('Hello, Gophers', ', ')", ['Hello', 'Gophers']],
    ["parse_yaml('- 1\n- a: b')", [1, { a: 'b' }]],
  ])('%s', (text, value) => {
    const found = evaluate(text);
    if (typeof value === 'number') expect(found).toBeCloseTo(value, 10);
    else expect(found).toEqual(value);
  });

  it("regex_match('12.*', abs(foo)): numbers are matched as texts", () => {
    expect(evaluate("regex_match('12.*', abs(foo))", { foo: -12 })).toBe(true);
  });
});
