import { BUILTIN_TYPES, type MergeRule, mergeRule } from '../typed/builtin-types.ts';

/** How a strategic patch treats one field, and the type of what the field holds. */
export interface FieldPatchRule {
  readonly strategy: 'merge' | 'replace' | '';
  readonly retainKeys: boolean;
  readonly mergeKey: string;
  /** Type name of the element or the value; the empty string for scalars and unknown fields. */
  readonly type: string;
}

/** The rule of `field` in the type `typeName`. Values of maps have no rule of their own. */
export function fieldPatchRule(typeName: string, field: string): FieldPatchRule {
  const rule = mergeRule(typeName, field);
  const strategies = (rule.ps ?? '').split(',');
  return {
    strategy: strategies.includes('replace') ? 'replace' : strategies.includes('merge') ? 'merge' : '',
    retainKeys: strategies.includes('retainKeys'),
    mergeKey: mergeKeyOf(rule),
    type: fieldType(typeName, field),
  };
}

function mergeKeyOf(rule: MergeRule): string {
  return rule.pk ?? '';
}

function fieldType(typeName: string, field: string): string {
  const fields = BUILTIN_TYPES.get(typeName)?.f;
  const code = fields !== undefined && Object.hasOwn(fields, field) ? (fields[field] ?? '') : '';
  const mark = code.indexOf('#');
  // A map's keys are no fields: what lies below one has no name in the type of its values.
  return mark < 0 || code.startsWith('{}') ? '' : code.slice(mark + 1);
}
