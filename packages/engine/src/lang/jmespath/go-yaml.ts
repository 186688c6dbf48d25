import { type Document, parseAllDocuments, type ScalarTag } from 'yaml';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import { checkedDocument } from './go-json.ts';

/** Characters of YAML read during evaluation; the parser is slower than that of JSON. */
const YAML_LIMIT = 1024 * 1024;

/** As `sigs.k8s.io/yaml`: YAML 1.1 scalars without timestamps and base-60 numbers, later of two equal keys wins. */
export function parseGoYaml(text: string): Json | EvaluationError {
  if (text.length > YAML_LIMIT) return new EvaluationError(`YAML text is longer than ${YAML_LIMIT} characters`);
  try {
    const [document] = parseAllDocuments(text, {
      version: '1.1',
      uniqueKeys: false,
      logLevel: 'silent',
      customTags: (tags) => [GO_OCTAL, ...tags.filter((tag) => typeof tag === 'string' || !isUnknownToGo(tag))],
    });
    if (document === undefined) return null;
    const [failure] = (document as Document).errors;
    if (failure) return new EvaluationError(`yaml: ${firstLine(failure.message)}`);
    return checkedDocument((document as Document).toJS({ maxAliasCount: 100 }) ?? null);
  } catch (error) {
    return new EvaluationError(`yaml: ${error instanceof Error ? firstLine(error.message) : ''}`);
  }
}

/** `0o17`, which Go's YAML reads beside the `017` of YAML 1.1. */
const GO_OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => Number(text.replaceAll('_', '').replace(/^[-+]/, '')) * (text.startsWith('-') ? -1 : 1),
};

function isUnknownToGo(tag: { readonly tag: string; readonly format?: string }): boolean {
  return tag.tag === 'tag:yaml.org,2002:timestamp' || tag.format === 'TIME';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
