import { CelError } from '@vouchsafe/cel';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { toCelPolicyException } from '../../model/cel-policy-document.ts';
import type { FailurePolicy } from '../../model/decision.ts';
import { compilePolicyExceptions, type FoundExceptions } from './policy-exceptions.ts';
import { createPolicyLanguage, EXCEPTIONS } from './policy-language.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

interface Written {
  readonly name: string;
  readonly condition?: string;
  readonly priority?: string;
  readonly spec?: JsonObject;
}

interface Asked {
  readonly failurePolicy?: FailurePolicy;
  readonly partial?: boolean;
  readonly reportResult?: boolean;
}

function find(written: readonly Written[], asked: Asked = {}): FoundExceptions | CelError {
  return compile(written, asked).find({ activation: { object: { name: 'web' } }, host: {} }, NOW);
}

function compile(written: readonly Written[], asked: Asked, told: Diagnostic[] = []) {
  const language = createPolicyLanguage({
    dialect: 'validating',
    namespace: undefined,
    variables: { exceptions: EXCEPTIONS },
    report: (diagnostic) => void told.push(diagnostic),
  });
  const exceptions = written.map(({ name, condition, priority, spec }) =>
    toCelPolicyException(
      {
        metadata: { name, namespace: 'ns', ...(priority ? { labels: { 'polex.kyverno.io/priority': priority } } : {}) },
        spec: { ...(condition ? { matchConditions: [{ name: 'c', expression: condition }] } : {}), ...spec },
      },
      () => undefined,
    ),
  );
  return compilePolicyExceptions(exceptions, language, {
    partial: true,
    reportResult: true,
    failurePolicy: 'Fail',
    ...asked,
  });
}

const TRUE = 'object.name == "web"';
const FALSE = 'object.name == "db"';
const BROKEN = 'object.missing == "web"';
const SKIPPED = 'rule is skipped due to policy exception: ';
const PASSED = 'rule is passed due to policy exception: ';

describe('exceptions that exempt', () => {
  const images = { images: ['nginx'] };
  const rows: [string, readonly Written[], Asked, string | undefined][] = [
    ['no exception', [], {}, undefined],
    ['without conditions it always matches', [{ name: 'a' }], {}, `${SKIPPED}ns/a`],
    ['its condition holds', [{ name: 'a', condition: TRUE }], {}, `${SKIPPED}ns/a`],
    ['its condition does not hold', [{ name: 'a', condition: FALSE }], {}, undefined],
    ['asks to be a pass', [{ name: 'a', spec: { reportResult: 'pass' } }], {}, `${PASSED}ns/a`],
    [
      'may not ask to be a pass',
      [{ name: 'a', spec: { reportResult: 'pass' } }],
      { reportResult: false },
      `${SKIPPED}ns/a`,
    ],
    ['all that match are named', [{ name: 'a' }, { name: 'b', spec: images }], {}, `${SKIPPED}ns/a, ns/b`],
    ['the first decides', [{ name: 'a' }, { name: 'b', spec: { reportResult: 'pass' } }], {}, `${SKIPPED}ns/a, ns/b`],
    [
      'the highest priority decides',
      [
        { name: 'a', priority: '1' },
        { name: 'b', priority: '2', spec: { reportResult: 'pass' } },
      ],
      {},
      `${PASSED}ns/a, ns/b`,
    ],
    [
      'a priority that is no whole number is none',
      [{ name: 'a' }, { name: 'b', priority: '0.2', spec: { reportResult: 'pass' } }],
      {},
      `${SKIPPED}ns/a, ns/b`,
    ],
    ['a partial one exempts nothing', [{ name: 'a', spec: images }], {}, undefined],
    ['where there are no partial ones it does', [{ name: 'a', spec: images }], { partial: false }, `${SKIPPED}ns/a`],
    ['expired', [{ name: 'a', spec: { expiresAt: '2026-05-31T23:59:59Z' } }], {}, undefined],
    ['expires this very moment', [{ name: 'a', spec: { expiresAt: '2026-06-01T00:00:00Z' } }], {}, undefined],
    ['expires later', [{ name: 'a', spec: { expiresAt: '2026-06-01T00:00:01Z' } }], {}, `${SKIPPED}ns/a`],
    ['expires at a time nobody can read', [{ name: 'a', spec: { expiresAt: 'tomorrow' } }], {}, undefined],
    ['a broken one after one that exempts', [{ name: 'a' }, { name: 'b', condition: BROKEN }], {}, `${SKIPPED}ns/a`],
    [
      'a broken one under Ignore',
      [{ name: 'a', condition: BROKEN }, { name: 'b' }],
      { failurePolicy: 'Ignore' },
      `${SKIPPED}ns/b`,
    ],
    [
      'an expired broken one is not looked at',
      [{ name: 'a', condition: BROKEN, spec: { expiresAt: '2020-01-01T00:00:00Z' } }],
      {},
      undefined,
    ],
  ];
  it.each(rows)('%s', (_name, written, asked, message) => {
    const found = find(written, asked);
    expect(found instanceof CelError ? found : found.exemption?.message).toBe(message);
  });
});

describe('partial exceptions', () => {
  it('tell what they allow, in order', () => {
    const found = find([
      { name: 'a', spec: { images: ['nginx', 'redis'] } },
      { name: 'b', condition: FALSE, spec: { images: ['evil'] } },
      { name: 'c', spec: { allowedValues: ['NET_ADMIN'] } },
    ]);
    expect(found).toEqual({
      exemption: undefined,
      allowed: { allowedImages: ['nginx', 'redis'], allowedValues: ['NET_ADMIN'] },
    });
  });

  it('allow nothing without any', () => {
    expect(find([])).toEqual({ exemption: undefined, allowed: { allowedImages: [], allowedValues: [] } });
  });
});

describe('exceptions that are broken', () => {
  it('stop the verdict when no exemption came before', () => {
    const found = find([{ name: 'a', condition: BROKEN }, { name: 'b' }]);
    expect(found).toBeInstanceOf(CelError);
  });

  it('cannot see what is only known when they are evaluated later', () => {
    expect(find([{ name: 'a', condition: 'size(exceptions.allowedImages) == 0' }])).toBeInstanceOf(CelError);
  });

  it('are left out with a warning when they do not compile, and switch nothing off', () => {
    const told: Diagnostic[] = [];
    const compiled = compile(
      [
        { name: 'a', condition: 'object.name ==' },
        { name: 'b', condition: '"text"' },
      ],
      {},
      told,
    );
    expect(told.map(({ severity, message }) => [severity, message.split(':')[0]])).toEqual([
      ['warning', 'exception ns/a is left out'],
      ['warning', 'exception ns/b is left out'],
    ]);
    expect(compiled.find({ activation: { object: {} }, host: {} }, NOW)).toMatchObject({ exemption: undefined });
  });
});
