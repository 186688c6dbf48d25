/** The path of the traversal one step deeper: `/spec/containers/0`, slashes in keys as `\/`. */
export function appendLeafPath(path: string, key: string | number): string {
  return `${path}/${typeof key === 'number' ? key : key.replaceAll('/', '\\/')}`;
}

/**
 * What `{{@}}` stands for at a leaf: the JMESPath of the same place in the resource. Everything up to `foreach` goes,
 * then two segments (`mutate/patchStrategicMerge`), as upstream (kyverno-core §2.5).
 */
export function leafExpression(path: string, prefix: readonly string[]): string {
  const segments = splitLeafPath(path);
  const past = segments.slice(segments.indexOf('foreach') + 1);
  const rest = past.length > 2 ? past.slice(2) : [];
  return toExpression([...prefix, ...rest]);
}

/** Segments between unescaped slashes; a backslash takes the next character literally. */
function splitLeafPath(path: string): readonly string[] {
  const segments: string[] = [];
  let segment = '';
  let escaped = false;
  for (const character of path) {
    if (escaped) {
      segment += character;
      escaped = false;
    } else if (character === '\\') escaped = true;
    else if (character === '/') {
      if (segment !== '') segments.push(segment);
      segment = '';
    } else segment += character;
  }
  if (segment !== '') segments.push(segment);
  return segments;
}

const UNQUOTED = /^[A-Za-z_(][A-Za-z0-9_)]*$/;

function toExpression(segments: readonly string[]): string {
  let expression = '';
  for (const segment of segments) {
    if (/^[0-9]+$/.test(segment)) expression += `[${segment}]`;
    else {
      const name = isUnquoted(segment) ? segment : JSON.stringify(segment);
      expression += expression === '' ? name : `.${name}`;
    }
  }
  return expression;
}

/** Upstream looks at every character with the table of later ones, which lacks `(`. */
function isUnquoted(segment: string): boolean {
  return UNQUOTED.test(segment) && !segment.startsWith('(');
}
