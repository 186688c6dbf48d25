import { describe, expect, it } from 'vitest';
import { readHttpSettings } from '../settings/http-settings.ts';
import { createHttpRules } from './http-rules.ts';

function refusal(url: string, env: Record<string, string> = {}): string | undefined {
  return createHttpRules(readHttpSettings(env)).refusal(new URL(url));
}

describe('URLs that may not be called', () => {
  const onList = 'is on the blocklist';
  const inRange = 'falls in blocked range';
  it.each([
    ['the address of metadata services', 'http://169.254.169.254/latest', onList],
    ['the other one', 'http://169.254.169.253/', onList],
    ['their name', 'http://metadata.google.internal/', onList],
    ['their name in capitals', 'http://METADATA.google.internal/', onList],
    ['their full name', 'http://metadata.google.internal./', onList],
    ['this host', 'http://127.0.0.1:6443/', inRange],
    ['this host by another of its addresses', 'http://127.9.9.9/', inRange],
    ['this host as a number', 'http://2130706433/', inRange],
    ['this host in octal', 'http://0177.0.0.1/', inRange],
    ['this host in hexadecimal', 'http://0x7f.1/', inRange],
    ['this host in IPv6', 'http://[::1]/', inRange],
    ['this host in IPv6 that is IPv4', 'http://[::ffff:127.0.0.1]/', inRange],
    ['the unspecified address', 'http://0.0.0.0/', inRange],
    ['the unspecified address in IPv6', 'http://[::]/', inRange],
    ['metadata services in IPv6 that is IPv4', 'http://[::ffff:169.254.169.254]/', inRange],
    ['another protocol', 'file:///etc/passwd', 'unsupported protocol scheme'],
  ])('%s', (_name, url, reason) => {
    expect(refusal(url)).toContain(reason);
  });

  it.each(['https://example.com/', 'http://10.0.0.1:8080/a', 'http://[fd00::1]/'])('%s may', (url) => {
    expect(refusal(url)).toBeUndefined();
  });
});

describe('addresses that names lead to', () => {
  const rules = createHttpRules(readHttpSettings({}));
  it.each([
    ['127.0.0.1', 'connection to evil.example blocked: resolved IP 127.0.0.1 falls in blocked range 127.0.0.0/8'],
    [
      '::ffff:127.0.0.1',
      'connection to evil.example blocked: resolved IP ::ffff:127.0.0.1 falls in blocked range 127.0.0.0/8',
    ],
    [
      '169.254.169.254',
      'connection to evil.example blocked: resolved IP 169.254.169.254 falls in blocked range 169.254.169.254/32',
    ],
    ['10.0.0.1', undefined],
  ])('%s', (address, reason) => {
    expect(rules.refusedAddress(address, 'evil.example')).toBe(reason);
  });
});

describe('the allowlist', () => {
  const env = { FLAG_HTTP_ALLOWLIST: 'https://api.example.com/v1, http://127.0.0.1:8080' };
  it.each([
    ['https://api.example.com/v1', undefined],
    ['https://api.example.com/v1/x?y', undefined],
    ['https://api.example.com:443/v1/', undefined],
    ['https://api.example.com/v10', 'no matching allowlist entry'],
    ['https://api.example.com/v1/../v2', 'no matching allowlist entry'],
    ['http://api.example.com/v1', 'no matching allowlist entry'],
    ['https://api.example.com:8443/v1', 'no matching allowlist entry'],
    ['https://api.example.com.evil.example/v1', 'no matching allowlist entry'],
    ['https://api.example.com@evil.example/v1', 'no matching allowlist entry'],
    ['http://127.0.0.1:8080/', 'falls in blocked range'],
  ])('%s', (url, reason) => {
    const told = refusal(url, env);
    if (reason === undefined) expect(told).toBeUndefined();
    else expect(told).toContain(reason);
  });
});

it('flags come before the environment, and that before defaults', () => {
  const env = { FLAG_HTTP_BLOCKLIST: 'a.example', FLAG_ENABLE_HTTP_IN_NAMESPACED_POLICIES: 'true' };
  expect(readHttpSettings(env)).toEqual({ blocklist: ['a.example'], allowlist: [], namespacedPolicies: true });
  expect(
    readHttpSettings(env, { httpBlocklist: 'b', httpAllowlist: 'http://c', allowHTTPInNamespacedPolicies: false }),
  ).toEqual({
    blocklist: ['b'],
    allowlist: ['http://c'],
    namespacedPolicies: false,
  });
  expect(readHttpSettings({ FLAG_HTTP_BLOCKLIST: '' }).blocklist).toEqual([]);
});

it.each([
  ['FLAG_HTTP_BLOCKLIST', '10.0.0.0/33'],
  ['FLAG_HTTP_BLOCKLIST', 'example.com/8'],
  ['FLAG_HTTP_ALLOWLIST', 'example.com'],
])('%s=%s is refused', (name, value) => {
  expect(() => createHttpRules(readHttpSettings({ [name]: value }))).toThrow(value);
});
