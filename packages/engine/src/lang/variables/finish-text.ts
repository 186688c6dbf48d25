import type { EvaluationError } from '../../kernel/evaluation-error.ts';
import { openExpression } from './sealed-expression.ts';
import { openSealed } from './sealed-text.ts';
import { openUrl } from './sealed-url.ts';

/**
 * What a text of a policy is once its variables are in: a text; an expression over the variables; an expression over an
 * answer; an address; or a document that is read later, in which values stay sealed until then.
 */
export type TextUse = 'text' | 'expression' | 'answer-expression' | 'url' | 'document';

/** The text with the values of the request in it, so that they stay values. */
export function finishText(text: string, use: TextUse): string | EvaluationError {
  switch (use) {
    case 'text':
      return openSealed(text);
    case 'expression':
      return openExpression(text);
    case 'answer-expression':
      return openExpression(text, true);
    case 'url':
      return openUrl(text);
    case 'document':
      return text;
  }
}
