import {
  type CompiledPolicy,
  createEngine,
  type Decision,
  loadPolicy,
  policyId,
  type RuleResult,
} from '@vouchsafe/engine';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { compiled, decision, resource, result } from './ledger.fixture.ts';
import { createResultLedger } from './result-ledger.ts';

const policies = (...list: readonly CompiledPolicy[]) => new Map(list.map((policy) => [policyId(policy.ref), policy]));
const shown = (entries: ReturnType<ReturnType<typeof createResultLedger>['takeChanged']>) =>
  entries.map(({ resource: { uid }, results }) => [
    uid,
    ...results.map((one) => `${one.policy}/${one.rule} ${one.result}`),
  ]);

describe('the ledger of results', () => {
  const [a, b] = [compiled('a', 'r1', 'r2'), compiled('b', 'r1')];
  const known = policies(a, b);

  it('gives what changed, once', () => {
    const ledger = createResultLedger();
    ledger.record(resource('1'), [decision(b, result('r1', 'pass')), decision(a, result('r1', 'fail'))], known, 0);
    ledger.record(resource('2'), [decision(a, result('r1', 'pass'))], known, 0);
    expect(shown(ledger.takeChanged())).toEqual([
      ['1', 'a/r1 fail', 'b/r1 pass'],
      ['2', 'a/r1 pass'],
    ]);
    expect(ledger.takeChanged()).toEqual([]);
  });

  it('a result that says the same later is no change; another message is', () => {
    const ledger = createResultLedger();
    ledger.record(resource('1'), [decision(a, result('r1', 'fail', 'x'))], known, 1000);
    ledger.takeChanged();
    ledger.record(resource('1'), [decision(a, result('r1', 'fail', 'x'))], known, 99_000);
    expect(ledger.takeChanged()).toEqual([]);
    expect(ledger.entry('1')?.results[0]?.timestamp.seconds).toBe(1);
    ledger.record(resource('1'), [decision(a, result('r1', 'fail', 'y'))], known, 99_000);
    expect(ledger.takeChanged()[0]?.results[0]).toMatchObject({ message: 'y', timestamp: { seconds: 99 } });
  });

  it('a rule that no longer matches loses its result; other policies keep theirs', () => {
    const ledger = createResultLedger();
    ledger.record(
      resource('1'),
      [decision(a, result('r1', 'fail'), result('r2', 'pass')), decision(b, result('r1', 'pass'))],
      known,
      0,
    );
    ledger.record(resource('1'), [decision(a, result('r2', 'pass'))], known, 0);
    expect(shown(ledger.takeChanged())).toEqual([['1', 'a/r2 pass', 'b/r1 pass']]);
    ledger.record(resource('1'), [decision(a)], known, 0);
    expect(shown(ledger.takeChanged())).toEqual([['1', 'b/r1 pass']]);
  });

  const TARGET = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 't' };

  it('rules that mutate, that generate, and the others keep their results apart', () => {
    const ledger = createResultLedger();
    const match = { any: [{ resources: { kinds: ['ConfigMap'] } }] };
    const { policy } = loadPolicy({
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: 'c' },
      spec: {
        rules: [
          { name: 'm', match, mutate: { patchStrategicMerge: { metadata: { labels: { a: 'b' } } } } },
          { name: 'g', match, generate: { apiVersion: 'v1', kind: 'Secret', name: 's', namespace: 'n', data: {} } },
          { name: 'v', match, validate: { message: 'm', pattern: { data: {} } } },
          {
            name: 'x',
            match,
            mutate: { targets: [TARGET], patchStrategicMerge: { metadata: { labels: { a: 'b' } } } },
          },
        ],
      },
    });
    const c = policy && createEngine({ host: NODE_HOST }).compile(policy).compiled;
    if (!c) throw new Error('the policy does not compile');
    const record = (phase: Decision['phase'], ...results: readonly RuleResult[]) =>
      ledger.record(resource('1'), [{ ...decision(c, ...results), phase }], policies(c), 0);
    record('mutate', result('m', 'pass'));
    record('validate', result('v', 'fail'));
    record('generate', result('g', 'pass'), result('x', 'pass'));
    expect(shown(ledger.takeChanged())).toEqual([['1', 'c/g pass', 'c/m pass', 'c/v fail', 'c/x pass']]);
    record('validate');
    record('generate');
    expect(shown(ledger.takeChanged())).toEqual([['1', 'c/m pass']]);
  });

  it('several results of a rule become the worst of them', () => {
    const ledger = createResultLedger();
    const images: readonly RuleResult[] = (['pass', 'fail', 'skip'] as const).map((status) => ({
      ...result('r1', status),
      type: 'ImageVerify',
    }));
    ledger.record(resource('1'), [decision(a, ...images)], known, 0);
    expect(shown(ledger.takeChanged())).toEqual([['1', 'a/r1 fail']]);
  });

  describe('of images', () => {
    const image = (status: RuleResult['status'], reason?: string): RuleResult => ({
      ...result('r1', status),
      type: 'ImageVerify',
      ...(reason === undefined ? {} : { reason }),
    });
    const away = image('error', 'registry-unreachable');
    const pod = (name: string) => ({ spec: { containers: [{ image: name }] } });

    it.each<[string, RuleResult, object, string]>([
      ['a doubt about the same object', away, pod('a'), 'a/r1 pass'],
      ['a doubt about another image', away, pod('b'), 'a/r1 error'],
      ['a doubt that says no image changed', image('skip', 'timed-out'), pod('b'), 'a/r1 pass'],
      ['what is certain', image('fail', 'unsigned'), pod('a'), 'a/r1 fail'],
    ])('%s', (_name, found, object, expected) => {
      const ledger = createResultLedger();
      ledger.record(resource('1'), [decision(a, image('pass'))], known, 0, pod('a'));
      ledger.takeChanged();
      ledger.record(resource('1'), [decision(a, found)], known, 1000, { ...object });
      expect(ledger.entry('1')?.results.map((one) => `${one.policy}/${one.rule} ${one.result}`)).toEqual([expected]);
    });

    it('a doubt holds back the result of its own rule alone', () => {
      const ledger = createResultLedger();
      ledger.record(resource('1'), [decision(a, image('pass'), result('r2', 'pass'))], known, 0, pod('a'));
      ledger.record(resource('1'), [decision(a, away, result('r2', 'fail'))], known, 1000, pod('a'));
      expect(shown(ledger.takeChanged())).toEqual([['1', 'a/r1 pass', 'a/r2 fail']]);
    });
  });

  it('keeps nothing without a uid, of unknown policies, or without results', () => {
    const ledger = createResultLedger();
    const { uid: _, ...unborn } = resource('1');
    ledger.record(unborn, [decision(a, result('r1', 'fail'))], known, 0);
    ledger.record(resource('2'), [decision(b, result('r1', 'fail'))], policies(a), 0);
    ledger.record(resource('3'), [decision(a)], known, 0);
    expect([ledger.size, ledger.takeChanged()]).toEqual([0, []]);
  });

  it('forgets the results of policies and rules that are gone; an entry left empty is to be deleted', () => {
    const ledger = createResultLedger();
    ledger.record(resource('1'), [decision(a, result('r1', 'fail'), result('r2', 'fail'))], known, 0);
    ledger.record(resource('2'), [decision(b, result('r1', 'fail'))], known, 0);
    ledger.takeChanged();
    ledger.retain(policies(compiled('a', 'r2'), b));
    expect(shown(ledger.takeChanged())).toEqual([['1', 'a/r2 fail']]);
    ledger.retain(policies(b));
    expect(shown(ledger.takeChanged())).toEqual([['1']]);
    ledger.retain(policies(b));
    expect(ledger.takeChanged()).toEqual([]);
  });

  it('an entry whose write failed is given again', () => {
    const ledger = createResultLedger();
    ledger.record(resource('1'), [decision(a, result('r1', 'fail'))], known, 0);
    ledger.takeChanged();
    ledger.retry('1');
    ledger.retry('unknown');
    expect(shown(ledger.takeChanged())).toEqual([['1', 'a/r1 fail']]);
    ledger.forget('1');
    ledger.retry('1');
    expect([ledger.takeChanged(), ledger.size]).toEqual([[], 0]);
  });

  it('is bounded: the entries longest without a change go, those that are not written yet last of all', () => {
    const ledger = createResultLedger(3);
    const record = (uid: string, status: RuleResult['status'] = 'fail') =>
      ledger.record(resource(uid), [decision(a, result('r1', status))], known, 0);
    for (const uid of ['1', '2', '3']) record(uid);
    ledger.takeChanged();
    record('1', 'pass');
    record('4');
    record('5');
    expect(['1', '2', '3', '4', '5'].filter((uid) => ledger.entry(uid))).toEqual(['1', '4', '5']);
    for (const uid of ['6', '7', '8', '9']) record(uid);
    expect(ledger.takeChanged().map(({ resource: { uid } }) => uid)).toEqual(['7', '8', '9']);
  });
});
