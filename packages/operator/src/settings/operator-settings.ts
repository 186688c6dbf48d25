import { parseArgs } from 'node:util';
import type { ReportGroup } from '@vouchsafe/engine/report';
import { withGoBooleans } from './go-booleans.ts';
import { type HttpSettings, readHttpSettings } from './http-settings.ts';

/** What stood on both sides of a `=`. */
export type Pair = readonly [left: string, right: string];

/** How the operator runs; fixed at start. Names of flags and variables are Kyverno's where Kyverno has them. */
export interface OperatorSettings {
  readonly namespace: string;
  readonly serviceName: string;
  readonly podName: string;
  readonly configMapName: string;
  readonly kubeconfig: string | undefined;
  /** Host and port the webhook server binds. Port 0 asks for a free one. */
  readonly webhookServerHost: string;
  readonly webhookServerPort: number;
  readonly servicePort: number;
  /** When set, webhooks are called at `https://<serverIP>` instead of through the service. */
  readonly serverIP: string | undefined;
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Seconds; the webhook's own timeout unless a policy asks for more. */
  readonly webhookTimeout: number;
  readonly forceFailurePolicyIgnore: boolean;
  readonly enablePolicyException: boolean;
  readonly exceptionNamespace: string;
  /** `policies.kyverno.io/skip` is heeded for those who may `bypass` a policy. */
  readonly enablePolicyBypass: boolean;
  /** Where `http.Get` and `http.Post` of expressions may call to. */
  readonly http: HttpSettings;
  /** ValidatingAdmissionPolicies are made of policies that ask for it. */
  readonly generateValidatingAdmissionPolicy: boolean;
  /** Scans tell of the API server's own policies that are labelled `reports.kyverno.io/enabled: "true"`. */
  readonly validatingAdmissionPolicyReports: boolean;
  readonly mutatingAdmissionPolicyReports: boolean;
  /** Whose rights to read decide whether a policy is ready for reports; our own when empty. */
  readonly reportsServiceAccountName: string;
  /** Who deletes for cleanups and lifetimes; we ourselves when empty. */
  readonly cleanupServiceAccountName: string;
  /** Milliseconds that one `apiCall` of a service may take. */
  readonly apiCallTimeoutMs: number;
  /** A token for such calls; sent when the file is there and the policy gives no `Authorization`. */
  readonly apiCallTokenFile: string;
  /** GlobalContextEntries served at most; 0: any number. */
  readonly maxGlobalContextEntries: number;
  readonly allowInsecureRegistry: boolean;
  /** Any in-toto statement about an image counts as a signature of it, as in Kyverno. */
  readonly acceptAnyStatement: boolean;
  readonly imagePullSecrets: readonly string[];
  /** `ghcr.io=http://127.0.0.1:5000`: registry hosts and the base address that stands in for each. */
  readonly registryMirrors: readonly Pair[];
  /** `registry.corp=/etc/ca.pem`: files of the authorities of hosts. */
  readonly registryAuthorities: readonly Pair[];
  /** Hosts that may speak plain HTTP, or show any certificate. */
  readonly insecureRegistries: readonly string[];
  /** `harbor.corp/proxy=ghcr.io`: where the signatures of images from caches are. */
  readonly signatureOrigins: readonly Pair[];
  /** Clouds whose own identity may open registries: `google`, `amazon`, `azure`, `github`, `default`. */
  readonly registryCredentialHelpers: readonly string[];
  /**
   * A file holding a Sigstore trusted_root.json, `configmap://namespace/name` or `secret://namespace/name` (followed as they
   * change), or the JSON itself; the built-in public-good root when absent.
   */
  readonly trustedRoot: string | undefined;
  /** The TUF repository the trust root comes from, when one is asked. */
  readonly tuf: TufSettings | undefined;
  readonly imageVerifyCacheEnabled: boolean;
  readonly imageVerifyCacheMaxSize: number;
  readonly imageVerifyCacheTtlMs: number;
  /** `refuse` restores Kyverno's refusal of Audit rules that would mutate digests. */
  readonly auditMutateDigest: 'warn' | 'refuse';
  /** Whether `{{ }}` in what a request brings is resolved inside of longer texts, as Kyverno does. */
  readonly resolveRequestVariables: boolean;
  readonly admissionReports: boolean;
  readonly reportGroup: ReportGroup;
  /** Results are gathered this long before reports are written. */
  readonly reportsDelayMs: number;
  /** Milliseconds between background scans. */
  readonly backgroundScanIntervalMs: number;
  /** Milliseconds between two looks for objects whose time has come (`cleanup.kyverno.io/ttl`). */
  readonly ttlReconciliationIntervalMs: number;
  /** Resources that a scan looks at at once. */
  readonly backgroundScanWorkers: number;
  /** Images a scan asks registries about, each second at most. */
  readonly backgroundScanImageRate: number;
  /** `Policy` registers Audit-only policies with their own failurePolicy, as Kyverno does. */
  readonly auditOnly: 'Ignore' | 'Policy';
  readonly leaderElection: boolean;
  readonly loggingFormat: 'json' | 'text';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export interface TufSettings {
  readonly mirror: string;
  /** A file with the root.json to begin with; the built-in one when neither is given. */
  readonly rootFile: string | undefined;
  /** That root.json itself. */
  readonly rootRaw: string | undefined;
  /** Where what was believed outlives the process; undefined: nowhere. */
  readonly folder: string | undefined;
}

/** The flags as they are parsed; `docs/operations.md` lists the same. */
export const OPERATOR_FLAGS = {
  kubeconfig: { type: 'string' },
  webhookServerHost: { type: 'string', default: '' },
  webhookServerPort: { type: 'string', default: '9443' },
  servicePort: { type: 'string', default: '443' },
  serverIP: { type: 'string' },
  metricsHost: { type: 'string', default: '' },
  metricsPort: { type: 'string', default: '8000' },
  webhookTimeout: { type: 'string', default: '10' },
  forceFailurePolicyIgnore: { type: 'boolean', default: false },
  enablePolicyException: { type: 'boolean', default: false },
  exceptionNamespace: { type: 'string', default: '' },
  enablePolicyBypass: { type: 'boolean', default: false },
  httpBlocklist: { type: 'string' },
  httpAllowlist: { type: 'string' },
  allowHTTPInNamespacedPolicies: { type: 'boolean' },
  generateValidatingAdmissionPolicy: { type: 'string', default: 'true' },
  validatingAdmissionPolicyReports: { type: 'string', default: 'true' },
  mutatingAdmissionPolicyReports: { type: 'string', default: 'false' },
  reportsServiceAccountName: { type: 'string', default: '' },
  cleanupServiceAccountName: { type: 'string', default: '' },
  apiCallTimeout: { type: 'string', default: '30s' },
  maxGlobalContextEntries: { type: 'string', default: '0' },
  allowInsecureRegistry: { type: 'boolean', default: false },
  acceptAnyStatement: { type: 'boolean', default: false },
  imagePullSecrets: { type: 'string', default: '' },
  registryMirror: { type: 'string', multiple: true, default: [] as string[] },
  registryCa: { type: 'string', multiple: true, default: [] as string[] },
  insecureRegistry: { type: 'string', multiple: true, default: [] as string[] },
  signatureOrigin: { type: 'string', multiple: true, default: [] as string[] },
  registryCredentialHelpers: { type: 'string', default: '' },
  trustedRoot: { type: 'string' },
  enableTuf: { type: 'boolean', default: false },
  tufMirror: { type: 'string', default: 'https://tuf-repo-cdn.sigstore.dev' },
  tufRoot: { type: 'string', default: '' },
  tufRootRaw: { type: 'string', default: '' },
  imageVerifyCacheEnabled: { type: 'string', default: 'true' },
  imageVerifyCacheMaxSize: { type: 'string', default: '1000' },
  imageVerifyCacheTTLDuration: { type: 'string', default: '60m' },
  auditMutateDigest: { type: 'string', default: 'warn' },
  resolveRequestVariables: { type: 'string', default: 'false' },
  admissionReports: { type: 'string', default: 'true' },
  openreportsEnabled: { type: 'boolean', default: false },
  reportsDelay: { type: 'string', default: '10s' },
  backgroundScanInterval: { type: 'string', default: '1h' },
  ttlReconciliationInterval: { type: 'string', default: '1m' },
  backgroundScanWorkers: { type: 'string', default: '2' },
  backgroundScanImageRate: { type: 'string', default: '50' },
  auditOnlyFailurePolicy: { type: 'string', default: 'Ignore' },
  leaderElection: { type: 'string', default: 'true' },
  loggingFormat: { type: 'string', default: 'json' },
  v: { type: 'string', default: 'info' },
} as const;

/** Reads flags and environment. Throws an `Error` whose message names the flag at fault: the process must not start. */
export function parseOperatorSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OperatorSettings {
  const { values } = parseArgs({
    args: withGoBooleans(args, OPERATOR_FLAGS),
    options: OPERATOR_FLAGS,
    strict: true,
    allowPositionals: false,
    allowNegative: true,
  });
  return {
    namespace: env['KYVERNO_NAMESPACE'] || 'kyverno',
    serviceName: env['KYVERNO_SVC'] || 'kyverno-svc',
    podName: env['KYVERNO_POD_NAME'] || env['HOSTNAME'] || 'kyverno',
    configMapName: env['INIT_CONFIG'] || 'kyverno',
    kubeconfig: values.kubeconfig,
    webhookServerHost: values.webhookServerHost,
    webhookServerPort: integer('webhookServerPort', values.webhookServerPort, 0, 65_535),
    servicePort: integer('servicePort', values.servicePort, 1, 65_535),
    serverIP: values.serverIP,
    metricsHost: values.metricsHost,
    metricsPort: integer('metricsPort', values.metricsPort, 0, 65_535),
    webhookTimeout: integer('webhookTimeout', values.webhookTimeout, 1, 30),
    forceFailurePolicyIgnore: values.forceFailurePolicyIgnore,
    enablePolicyException: values.enablePolicyException,
    exceptionNamespace: values.exceptionNamespace,
    enablePolicyBypass: values.enablePolicyBypass,
    http: readHttpSettings(env, values),
    generateValidatingAdmissionPolicy: flag(
      'generateValidatingAdmissionPolicy',
      values.generateValidatingAdmissionPolicy,
    ),
    validatingAdmissionPolicyReports: flag('validatingAdmissionPolicyReports', values.validatingAdmissionPolicyReports),
    mutatingAdmissionPolicyReports: flag('mutatingAdmissionPolicyReports', values.mutatingAdmissionPolicyReports),
    reportsServiceAccountName: values.reportsServiceAccountName,
    cleanupServiceAccountName: values.cleanupServiceAccountName,
    apiCallTimeoutMs: duration('apiCallTimeout', values.apiCallTimeout) || 30_000,
    apiCallTokenFile: env['KYVERNO_SCOPED_TOKEN_PATH'] || '/var/run/secrets/kyverno/apicall/token',
    maxGlobalContextEntries: integer('maxGlobalContextEntries', values.maxGlobalContextEntries, 0, 100_000),
    allowInsecureRegistry: values.allowInsecureRegistry,
    acceptAnyStatement: values.acceptAnyStatement,
    imagePullSecrets: list(values.imagePullSecrets),
    registryMirrors: pairs('registryMirror', 'HOST=URL', values.registryMirror),
    registryAuthorities: pairs('registryCa', 'HOST=FILE', values.registryCa),
    insecureRegistries: values.insecureRegistry.flatMap(list),
    signatureOrigins: pairs('signatureOrigin', 'PLACE=ORIGIN', values.signatureOrigin),
    registryCredentialHelpers: list(values.registryCredentialHelpers),
    trustedRoot: values.trustedRoot,
    tuf: readTuf(values, env['TUF_ROOT']),
    imageVerifyCacheEnabled: flag('imageVerifyCacheEnabled', values.imageVerifyCacheEnabled),
    imageVerifyCacheMaxSize: integer('imageVerifyCacheMaxSize', values.imageVerifyCacheMaxSize, 0, 1_000_000) || 1000,
    imageVerifyCacheTtlMs: duration('imageVerifyCacheTTLDuration', values.imageVerifyCacheTTLDuration) || 3_600_000,
    auditMutateDigest: oneOf('auditMutateDigest', values.auditMutateDigest, ['warn', 'refuse']),
    resolveRequestVariables: flag('resolveRequestVariables', values.resolveRequestVariables),
    admissionReports: flag('admissionReports', values.admissionReports),
    reportGroup: values.openreportsEnabled ? 'openreports.io' : 'wgpolicyk8s.io',
    reportsDelayMs: duration('reportsDelay', values.reportsDelay),
    ttlReconciliationIntervalMs: duration('ttlReconciliationInterval', values.ttlReconciliationInterval) || 60_000,
    backgroundScanIntervalMs: duration('backgroundScanInterval', values.backgroundScanInterval) || 3_600_000,
    backgroundScanWorkers: integer('backgroundScanWorkers', values.backgroundScanWorkers, 1, 64),
    backgroundScanImageRate: integer('backgroundScanImageRate', values.backgroundScanImageRate, 1, 10_000),
    auditOnly: oneOf('auditOnlyFailurePolicy', values.auditOnlyFailurePolicy, ['Ignore', 'Policy']),
    leaderElection: flag('leaderElection', values.leaderElection),
    loggingFormat: oneOf('loggingFormat', values.loggingFormat, ['json', 'text']),
    logLevel: oneOf('v', values.v, ['debug', 'info', 'warn', 'error']),
  };
}

/** As with Kyverno, the other flags count with `--enableTuf` alone, and the public-good mirror is the default. */
function readTuf(
  values: { enableTuf: boolean; tufMirror: string; tufRoot: string; tufRootRaw: string; trustedRoot?: string },
  folder: string | undefined,
): TufSettings | undefined {
  const { enableTuf, tufMirror: mirror, tufRoot, tufRootRaw } = values;
  if (!enableTuf) return undefined;
  if (values.trustedRoot !== undefined) throw new Error('--trustedRoot and --enableTuf name two trust roots; give one');
  return { mirror, rootFile: tufRoot || undefined, rootRaw: tufRootRaw || undefined, folder: folder || undefined };
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function integer(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < low || value > high) {
    throw new Error(`--${name} must be a whole number from ${low} to ${high}, not \`${text}\``);
  }
  return value;
}

function flag(name: string, text: string): boolean {
  return oneOf(name, text, ['true', 'false']) === 'true';
}

function oneOf<Value extends string>(name: string, text: string, allowed: readonly Value[]): Value {
  const value = allowed.find((candidate) => candidate === text);
  if (value === undefined) throw new Error(`--${name} must be one of ${allowed.join(', ')}, not \`${text}\``);
  return value;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What a timer of Node can wait for; one that is to wait longer does not wait at all. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Go durations of whole units, such as `90s` or `1h30m`, to milliseconds. */
function duration(name: string, text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0);
  const isRead = text === '0' || (text !== '' && parts.map(([part]) => part).join('') === text);
  if (!isRead || total > MAX_DURATION_MS) {
    throw new Error(`--${name} must be a duration such as \`60m\`, at most \`596h\`, not \`${text}\``);
  }
  return total;
}

function pairs(name: string, shape: string, given: readonly string[]): readonly Pair[] {
  return given.map((pair) => {
    const cut = pair.indexOf('=');
    if (cut < 1) throw new Error(`--${name} must be ${shape}, not \`${pair}\``);
    return [pair.slice(0, cut), pair.slice(cut + 1)];
  });
}
