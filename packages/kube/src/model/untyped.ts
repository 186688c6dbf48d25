/** Reading JSON whose shape is not known yet: a member of the wrong type reads as absent. */

export type UntypedRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is UntypedRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): UntypedRecord {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function recordsOf(value: unknown): readonly UntypedRecord[] {
  return listOf(value).filter(isRecord);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** `{ [name]: value }`, or nothing at all when the value is undefined: for members that may be absent. */
export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [key in Name]?: Value } {
  // The computed key widens to string; the literal is exactly `Name`.
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: Value };
}
