import { stringify } from 'yaml';

/** YAML as Go's yaml.v3 writes a map: keys sorted, mappings indented by four, lines never folded. */
export function toGoYaml(value: unknown): string {
  return toYaml(value, 4);
}

/** YAML that any reader of YAML 1.1 reads back the same; keys are sorted unless told otherwise. */
export function toYaml(value: unknown, indent = 2, order: 'sorted' | 'as-given' = 'sorted'): string {
  return stringify(value, {
    indent,
    sortMapEntries: order === 'sorted',
    lineWidth: 0,
    version: '1.1',
    aliasDuplicateObjects: false,
    defaultStringType: 'PLAIN',
    defaultKeyType: 'PLAIN',
  });
}
