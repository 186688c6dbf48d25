/** What the report formats need to know of one result. Lines and columns count from 1. */
export interface ReportedFinding {
  readonly policy: { readonly name: string; readonly namespace?: string };
  readonly annotations: Readonly<Record<string, string>>;
  readonly result: {
    readonly rule: string;
    readonly message: string;
    readonly path?: string;
    readonly exceptions?: readonly string[];
  };
  readonly status: 'pass' | 'fail' | 'warn' | 'error' | 'skip';
  readonly resource: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  };
  readonly place: { readonly file: string; readonly line: number; readonly column: number } | undefined;
}

/** `policy/rule`: what a finding is about, in every format. */
export function ruleId({ policy, result }: ReportedFinding): string {
  const key = policy.namespace ? `${policy.namespace}/${policy.name}` : policy.name;
  return `${key}/${result.rule}`;
}

/** `kind/namespace/name` of the resource. */
export function subjectOf({ resource }: ReportedFinding): string {
  return [resource.kind, resource.namespace, resource.name].filter((part) => part !== '').join('/');
}

/** The policy's own word for how bad it is, of `policies.kyverno.io/severity`. */
export function severityOf({ annotations }: ReportedFinding): 'critical' | 'high' | 'medium' | 'low' | 'info' {
  const severity = annotations['policies.kyverno.io/severity'];
  switch (severity) {
    case 'critical':
    case 'high':
    case 'low':
    case 'info':
      return severity;
    default:
      return 'medium';
  }
}

export function isTrouble({ status }: ReportedFinding): boolean {
  return status === 'fail' || status === 'warn' || status === 'error';
}
