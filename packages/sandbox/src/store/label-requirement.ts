/** One condition of a label selector. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'Exists' | 'DoesNotExist' | 'In' | 'NotIn' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

/** A label map as found in `metadata.labels`; other shapes count as no labels. */
export type Labels = { readonly [key: string]: unknown };

/** Whether `labels` meets every requirement. Rules of k8s.io/apimachinery/pkg/labels. */
export function matchesRequirements(requirements: readonly LabelRequirement[], labels: Labels): boolean {
  return requirements.every((requirement) => matchesRequirement(requirement, labels));
}

function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  const present = typeof value === 'string';
  switch (operator) {
    case 'Exists':
      return present;
    case 'DoesNotExist':
      return !present;
    case 'In':
      return present && values.includes(value);
    case 'NotIn':
      return !present || !values.includes(value);
    case 'Gt':
      return present && compareNumbers(value, values[0], (left, right) => left > right);
    case 'Lt':
      return present && compareNumbers(value, values[0], (left, right) => left < right);
  }
}

function compareNumbers(
  left: string,
  right: string | undefined,
  compare: (left: bigint, right: bigint) => boolean,
): boolean {
  const integer = /^-?\d{1,19}$/;
  if (right === undefined || !integer.test(left) || !integer.test(right)) {
    return false;
  }
  return compare(BigInt(left), BigInt(right));
}
