import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../../kernel/host.ts';
import { compileJmesPath, isJmesPathDiagnostic } from '../compile-jmespath.ts';
import { describeFunctions } from '../describe-functions.ts';
import { FUNCTIONS } from './list.ts';

const NOW = Date.parse('2024-02-29T12:00:00Z');

const HOST: EngineHost = {
  hash: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
  decodeCertificate: (pem) =>
    pem.startsWith('-----BEGIN CERTIFICATE-----')
      ? { Subject: { CommonName: 'example.org' } }
      : new EvaluationError('failed to decode PEM block'),
  random: () => 0.5,
};

describe('the list of functions', () => {
  it('holds every function of the dialect once', () => {
    const names = FUNCTIONS.map(({ name }) => name);
    expect(names.length).toBe(new Set(names).size);
    // 26 of JMESPath, one of them (`sum`) also among the 51 of Kyverno, and `round`, `to_boolean`… of the latter.
    expect([...names].sort()).toEqual(EXPECTED);
  });

  it.each(FUNCTIONS.map((definition) => [definition.name, definition] as const))(
    '%s gives what its example says',
    (name, definition) => {
      const { expression, input = {}, result } = definition.example;
      expect(expression).toContain(`${name}(`);
      const compiled = compileJmesPath(expression, HOST);
      if (isJmesPathDiagnostic(compiled)) throw new Error(compiled.message);
      expect(compiled.functions).toContain(name);
      expect(compiled.evaluate(input, NOW)).toEqual(result);
    },
  );

  it('describes each by signature and one line', () => {
    const descriptions = describeFunctions();
    expect(descriptions).toHaveLength(FUNCTIONS.length);
    for (const { summary } of descriptions) expect(summary).toMatch(/^[^\n]+[^.\n]$/);
    expect(descriptions.find(({ name }) => name === 'truncate')?.signature).toBe(
      'truncate(value string, length number) string',
    );
    expect(descriptions.find(({ name }) => name === 'not_null')?.signature).toBe('not_null(values …any) any');
  });
});

const EXPECTED = [
  ...['abs', 'avg', 'ceil', 'contains', 'ends_with', 'floor', 'join', 'keys', 'length', 'map', 'max', 'max_by'],
  ...['merge', 'min', 'min_by', 'not_null', 'reverse', 'sort', 'sort_by', 'starts_with', 'to_array', 'to_number'],
  ...['to_string', 'type', 'values'],
  ...['add', 'base64_decode', 'base64_encode', 'compare', 'divide', 'equal_fold', 'image_normalize'],
  ...['is_external_url', 'items', 'label_match', 'lookup', 'md5', 'modulo', 'multiply', 'object_from_lists'],
  ...['parse_json', 'parse_yaml', 'path_canonicalize', 'pattern_match', 'random', 'regex_match'],
  ...['regex_replace_all', 'regex_replace_all_literal', 'replace', 'replace_all', 'round', 'semver_compare'],
  ...['sha1', 'sha256', 'split', 'subtract', 'sum', 'time_add', 'time_after', 'time_before', 'time_between'],
  ...['time_diff', 'time_now', 'time_now_utc', 'time_parse', 'time_since', 'time_to_cron', 'time_truncate'],
  ...['time_utc', 'to_boolean', 'to_lower', 'to_upper', 'trim', 'trim_prefix', 'truncate', 'x509_decode'],
].sort();
