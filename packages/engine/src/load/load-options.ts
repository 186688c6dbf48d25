export interface LoadOptions {
  /**
   * An Audit rule that pins digests (`mutateDigest`, on by default): Kyverno refuses it. Here it is a warning unless
   * `refuse`, since pinning what verified harms nobody.
   */
  readonly auditMutateDigest?: 'warn' | 'refuse';
  /** Fields that the schema does not know; an error unless said otherwise. */
  readonly unknownFields?: 'error' | 'warning';
  /** What the policy webhook asks beyond what can be evaluated: resource rules in `matchConstraints`. */
  readonly submitted?: boolean;
  /** Adds the deprecation warning of the kind, which Kyverno gives on every create and update. */
  readonly deprecations?: boolean;
}
