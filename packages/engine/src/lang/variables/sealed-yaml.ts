import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import { parseGoYaml } from '../jmespath/go-yaml.ts';
import { isSealed, openDocument, replaceSealed, sealTexts } from './sealed-text.ts';

/** A text that YAML reads as one scalar wherever it stands. */
const SCALAR = /^(?:-?[A-Za-z0-9][A-Za-z0-9_./@+-]*)?$/;

/**
 * Reads YAML with sealed values in it. A list or object is one, whatever its texts hold; a text stays within its scalar.
 * Plain words and numbers are read as YAML reads them, so that `value: {{ x }}` may be a number.
 */
export function parseSealedYaml(text: string): Json | EvaluationError {
  if (!isSealed(text)) return parseGoYaml(text);
  const prepared = replaceSealed(text, (value, start, end) => {
    if (!value.isText) return sealedJson(value.text);
    return SCALAR.test(value.text) ? value.text : text.slice(start, end);
  });
  const document = parseGoYaml(prepared);
  return document instanceof EvaluationError ? document : openDocument(document);
}

function sealedJson(text: string): string {
  // what was formatted from a value a moment ago
  const value = JSON.parse(text) as Json;
  return JSON.stringify(sealTexts(value));
}
