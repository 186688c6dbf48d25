import { stringify } from 'yaml';
import { writeBlocks } from './yaml-blocks.ts';

/** YAML as Go's yaml.v3 writes a map: keys sorted, mappings indented by four, lines never folded. */
export function toGoYaml(value: unknown): string {
  return toYaml(value, 4);
}

/** YAML that any reader of YAML 1.1 reads back the same; keys are sorted unless told otherwise. */
export function toYaml(value: unknown, indent = 2, order: 'sorted' | 'as-given' = 'sorted'): string {
  return writeBlocks(value, { indent, isSorted: order === 'sorted', writeScalar }) ?? write(value, indent, order);
}

function writeScalar(value: unknown): string {
  return write(value, 2, 'sorted');
}

function write(value: unknown, indent: number, order: 'sorted' | 'as-given'): string {
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
