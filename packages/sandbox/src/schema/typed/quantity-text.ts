import { formatQuantity, parseQuantity } from '@vouchsafe/cel/quantity';

/**
 * Canonical text of a quantity as a Go struct prints it again (`0.5` → `500m`, `1024Mi` → `1Gi`);
 * `undefined` when it is none. Numbers are accepted as Go accepts them.
 */
export function canonicalQuantity(value: string | number): string | undefined {
  const quantity = parseQuantity(String(value).trim());
  return quantity === undefined ? undefined : formatQuantity(quantity);
}
