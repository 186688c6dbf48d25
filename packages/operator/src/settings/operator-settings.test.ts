import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPERATOR_FLAGS, type OperatorSettings, parseOperatorSettings } from './operator-settings.ts';

const parse = (...args: string[]) => parseOperatorSettings(args, {});

describe('flags', () => {
  it('have Kyverno’s defaults', () => {
    expect(parse()).toMatchObject({
      namespace: 'kyverno',
      serviceName: 'kyverno-svc',
      configMapName: 'kyverno',
      webhookServerPort: 9443,
      servicePort: 443,
      metricsPort: 8000,
      webhookTimeout: 10,
      enablePolicyException: false,
      exceptionNamespace: '',
      imageVerifyCacheEnabled: true,
      imageVerifyCacheMaxSize: 1000,
      imageVerifyCacheTtlMs: 3_600_000,
      auditMutateDigest: 'warn',
      auditOnly: 'Ignore',
      reportsDelayMs: 10_000,
      backgroundScanIntervalMs: 3_600_000,
      ttlReconciliationIntervalMs: 60_000,
      leaderElection: true,
      logLevel: 'info',
      serverIP: undefined,
      trustedRoot: undefined,
      tuf: undefined,
    });
  });

  it('of a TUF mirror count when it is enabled, as with Kyverno', () => {
    expect(parse('--tufMirror', 'https://tuf.example').tuf).toBeUndefined();
    expect(parse('--enableTuf').tuf).toMatchObject({
      mirror: 'https://tuf-repo-cdn.sigstore.dev',
      rootFile: undefined,
      rootRaw: undefined,
      folder: undefined,
    });
    const flags = ['--enableTuf', '--tufMirror', 'https://tuf.example', '--tufRoot', '/etc/root.json'];
    expect(parseOperatorSettings(flags, { TUF_ROOT: '/var/tuf' }).tuf).toMatchObject({
      mirror: 'https://tuf.example',
      rootFile: '/etc/root.json',
      folder: '/var/tuf',
    });
    expect(() => parse('--enableTuf', '--trustedRoot', 'file')).toThrow('give one');
  });

  it('are read', () => {
    const settings = parse(
      ...['--webhookServerPort', '0', '--serverIP', '127.0.0.1:9443', '--imagePullSecrets', 'a, team/b ,'],
      ...['--registryMirror', 'ghcr.io=http://127.0.0.1:5000', '--registryMirror', 'quay.io=http://x/?a=b'],
      ...['--reportsDelay', '1h30m5s250ms', '--leaderElection=false', '--enablePolicyException'],
      ...['--imageVerifyCacheMaxSize', '0', '--imageVerifyCacheTTLDuration', '0'],
    );
    expect(settings).toMatchObject({
      webhookServerPort: 0,
      serverIP: '127.0.0.1:9443',
      imagePullSecrets: ['a', 'team/b'],
      reportsDelayMs: 5_405_250,
      leaderElection: false,
      enablePolicyException: true,
      imageVerifyCacheMaxSize: 1000,
      imageVerifyCacheTtlMs: 3_600_000,
    });
    expect(settings.registryMirrors).toEqual([
      ['ghcr.io', 'http://127.0.0.1:5000'],
      ['quay.io', 'http://x/?a=b'],
    ]);
  });

  it('and the environment, empty values being none', () => {
    const env = {
      KYVERNO_NAMESPACE: 'policy',
      KYVERNO_SVC: 'svc',
      INIT_CONFIG: '',
      KYVERNO_POD_NAME: '',
      HOSTNAME: 'pod-1',
    };
    expect(parseOperatorSettings([], env)).toMatchObject({
      namespace: 'policy',
      serviceName: 'svc',
      configMapName: 'kyverno',
      podName: 'pod-1',
    });
  });

  it.each<[string, Partial<OperatorSettings>]>([
    ['--openreportsEnabled', { reportGroup: 'openreports.io' }],
    ['--openreportsEnabled=true', { reportGroup: 'openreports.io' }],
    ['--openreportsEnabled=false', { reportGroup: 'wgpolicyk8s.io' }],
    ['--admissionReports', { admissionReports: true }],
    ['--admissionReports=false', { admissionReports: false }],
    ['--mutatingAdmissionPolicyReports', { mutatingAdmissionPolicyReports: true }],
  ])('a truth value may be said or not: %s', (argument, settings) => {
    expect(parse(argument)).toMatchObject(settings);
    expect(parse(argument, '--v', 'debug')).toMatchObject(settings);
  });

  it('a truth value said beats the environment', () => {
    const env = { FLAG_ENABLE_HTTP_IN_NAMESPACED_POLICIES: 'true' };
    expect(parseOperatorSettings(['--allowHTTPInNamespacedPolicies=false'], env).http.namespacedPolicies).toBe(false);
  });

  it.each([
    ['--webhookServerPort', '65536'],
    ['--webhookServerPort', '-1'],
    ['--webhookServerPort', '9443.5'],
    ['--servicePort', '0'],
    ['--metricsPort', 'http'],
    ['--webhookTimeout', '0'],
    ['--webhookTimeout', '31'],
    ['--imageVerifyCacheMaxSize', '1e9'],
    ['--imageVerifyCacheTTLDuration', '1d'],
    ['--reportsDelay', '10'],
    ['--reportsDelay', ''],
    ['--backgroundScanInterval', '1h 30m'],
    ['--backgroundScanInterval', '597h'],
    ['--webhookServerPort', ''],
    ['--webhookTimeout', '0x10'],
    ['--imageVerifyCacheEnabled', 'yes'],
    ['--admissionReports', 'TRUE'],
    ['--leaderElection', ''],
    ['--auditMutateDigest', 'deny'],
    ['--auditOnlyFailurePolicy', 'Fail'],
    ['--loggingFormat', 'xml'],
    ['--v', '4'],
    ['--registryMirror', 'ghcr.io'],
    ['--registryMirror', '=http://x'],
    ['--registryCa', '/etc/ca.pem'],
    ['--signatureOrigin', 'harbor.corp/proxy'],
  ])('a bad value is refused and its flag named: %s=%s', (flag, value) => {
    expect(() => parse(`${flag}=${value}`)).toThrow(new RegExp(`^${flag} `));
  });

  it.each(['--unknown', '--kubeconfig', 'positional'])('%s alone is refused', (argument) => {
    expect(() => parse(argument)).toThrow(argument);
  });
});

describe('docs/operations.md', () => {
  const text = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `--(\w+)` \| (?:`([^`]*)`)? ?\| (.+) \|$/gm)];
  const shown = (flag: object) => {
    const value = 'default' in flag ? flag.default : undefined;
    return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
  };

  it('lists every flag with its default, and no other', () => {
    const documented = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value]));
    const parsed = Object.fromEntries(Object.entries(OPERATOR_FLAGS).map(([name, flag]) => [name, shown(flag)]));
    expect(documented).toEqual(parsed);
  });
});
