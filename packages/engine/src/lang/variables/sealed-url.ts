import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isSealed, replaceSealed } from './sealed-text.ts';

/** What ends a path or leaves it, however it is written. */
const LEAVES_PATH = /[?#%\\]|(?:^|\/)\.{1,2}(?:$|\/)/;
/** What ends a parameter of a query, or is encoded already. */
const ENDS_PARAMETER = /[&#%+\s]/g;

/**
 * An address with the values of the request in it. In its path they name what is below, never another place or a query;
 * in its query each stays within its parameter.
 */
export function openUrl(url: string): string | EvaluationError {
  if (!isSealed(url)) return url;
  let refused = false;
  const opened = replaceSealed(url, ({ text }, start) => {
    if (url.slice(0, start).includes('?')) return text.replace(ENDS_PARAMETER, encodeURIComponent);
    refused ||= LEAVES_PATH.test(text);
    return text;
  });
  return refused ? new EvaluationError('a value from the request would change the path of the call') : opened;
}
