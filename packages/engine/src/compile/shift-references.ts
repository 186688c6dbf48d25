/**
 * A message with `shift` inserted after `pivot` in its references `$(…/pattern/…)`, so that they still point to the
 * same part after autogen nested it (kyverno-core §1.2). For `anyPattern` the index after the pivot belongs to it.
 */
export function shiftReferences(message: string, shift: string, pivot: string): string {
  let out = '';
  let at = 0;
  while (at < message.length) {
    const start = message.indexOf('$(', at);
    const end = start < 0 ? -1 : message.indexOf(')', start);
    if (start < 0 || end < 0) break;
    const isEscaped = start > 0 && message[start - 1] === '\\';
    const reference = message.slice(start, end + 1);
    out += message.slice(at, start) + (isEscaped ? reference : shiftOne(reference, shift, pivot));
    at = end + 1;
  }
  return out + message.slice(at);
}

function shiftOne(reference: string, shift: string, pivot: string): string {
  const at = reference.indexOf(pivot);
  if (at < 0) return reference;
  const index = pivot === 'anyPattern' ? `/${reference.slice(at + pivot.length + 1).split('/')[0] ?? ''}` : '';
  return reference.replaceAll(`${pivot}${index}`, `${pivot}${index}/${shift}`);
}
