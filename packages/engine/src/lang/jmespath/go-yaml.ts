import {
  type Document,
  type DocumentOptions,
  type ParseOptions,
  parseAllDocuments,
  type ScalarTag,
  type SchemaOptions,
} from 'yaml';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import { checkedDocument } from './go-json.ts';

/** Characters of YAML read during evaluation; the parser is slower than that of JSON. */
const YAML_LIMIT = 1024 * 1024;

/** As `sigs.k8s.io/yaml`: YAML 1.1 scalars without timestamps and base-60 numbers, later of two equal keys wins. */
export function parseGoYaml(text: string): Json | EvaluationError {
  const documents = readAll(text, 1);
  return documents instanceof EvaluationError ? documents : (documents[0] ?? null);
}

/** The same for all documents of a text; empty ones are null. */
export function parseGoYamlDocuments(text: string): readonly Json[] | EvaluationError {
  return readAll(text, Number.POSITIVE_INFINITY);
}

function readAll(text: string, most: number): readonly Json[] | EvaluationError {
  if (text.length > YAML_LIMIT) return new EvaluationError(`YAML text is longer than ${YAML_LIMIT} characters`);
  try {
    const parsed = parseAllDocuments(text, GO_YAML_OPTIONS);
    const values: Json[] = [];
    for (const document of parsed.slice(0, most)) {
      const value = toValue(document as Document);
      if (value instanceof EvaluationError) return value;
      values.push(value);
    }
    return values;
  } catch (error) {
    return new EvaluationError(`yaml: ${error instanceof Error ? firstLine(error.message) : ''}`);
  }
}

function toValue(document: Document): Json | EvaluationError {
  const [failure] = document.errors;
  if (failure) return new EvaluationError(`yaml: ${firstLine(failure.message)}`);
  return checkedDocument(document.toJS({ maxAliasCount: 100 }) ?? null);
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

/** The dialect of `sigs.k8s.io/yaml`. */
export const GO_YAML_OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  uniqueKeys: false,
  logLevel: 'silent',
  customTags: (tags) => [GO_OCTAL, ...tags.filter((tag) => typeof tag === 'string' || !isUnknownToGo(tag))],
};

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
