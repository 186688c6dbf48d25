/** Where expressions may call to (kyverno-cel §3.4). */
export interface HttpSettings {
  /** Host names, addresses and CIDRs; the built-in ones when undefined. */
  readonly blocklist: readonly string[] | undefined;
  /** Prefixes of URLs; any when empty. */
  readonly allowlist: readonly string[];
  readonly namespacedPolicies: boolean;
}

export interface HttpFlags {
  readonly httpBlocklist?: string | undefined;
  readonly httpAllowlist?: string | undefined;
  readonly allowHTTPInNamespacedPolicies?: boolean | undefined;
}

/** Flags before environment before defaults, as in Kyverno. */
export function readHttpSettings(
  env: Readonly<Record<string, string | undefined>>,
  flags: HttpFlags = {},
): HttpSettings {
  const blocklist = flags.httpBlocklist ?? env['FLAG_HTTP_BLOCKLIST'];
  return {
    blocklist: blocklist === undefined ? undefined : splitList(blocklist),
    allowlist: splitList(flags.httpAllowlist ?? env['FLAG_HTTP_ALLOWLIST'] ?? ''),
    namespacedPolicies:
      flags.allowHTTPInNamespacedPolicies ?? env['FLAG_ENABLE_HTTP_IN_NAMESPACED_POLICIES'] === 'true',
  };
}

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
