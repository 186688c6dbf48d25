/** One line of a comparison. */
interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Lines around a change that are shown with it. */
const CONTEXT = 3;
/** Beyond this many lines a side the middle is shown as replaced as a whole. */
const LIMIT = 2_000;

/** A unified comparison of two texts: `-` is only in `expected`, `+` only in `actual`; far equal lines become `…`. */
export function diffLines(expected: string, actual: string): string {
  const lines = compare(expected.trimEnd().split('\n'), actual.trimEnd().split('\n'));
  const shown = lines.map((_, at) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(isChange));
  const output: string[] = [];
  for (const [at, line] of lines.entries()) {
    if (shown[at]) output.push(`${line.sign} ${line.text}`.trimEnd());
    else if (at === 0 || shown[at - 1]) output.push('  …');
  }
  return output.join('\n');
}

function isChange({ sign }: DiffLine): boolean {
  return sign !== ' ';
}

function compare(expected: readonly string[], actual: readonly string[]): readonly DiffLine[] {
  let start = 0;
  while (start < expected.length && start < actual.length && expected[start] === actual[start]) start += 1;
  let end = 0;
  const most = Math.min(expected.length, actual.length) - start;
  while (end < most && expected[expected.length - 1 - end] === actual[actual.length - 1 - end]) end += 1;
  const left = expected.slice(start, expected.length - end);
  const right = actual.slice(start, actual.length - end);
  return [
    ...signed(expected.slice(0, start), ' '),
    ...(left.length * right.length > LIMIT * LIMIT
      ? [...signed(left, '-'), ...signed(right, '+')]
      : compareMiddle(left, right)),
    ...signed(expected.slice(expected.length - end), ' '),
  ];
}

function signed(lines: readonly string[], sign: DiffLine['sign']): readonly DiffLine[] {
  return lines.map((text) => ({ sign, text }));
}

/** By the longest common subsequence. */
function compareMiddle(left: readonly string[], right: readonly string[]): readonly DiffLine[] {
  const width = right.length + 1;
  const common = new Uint32Array((left.length + 1) * width);
  for (let l = left.length - 1; l >= 0; l -= 1) {
    for (let r = right.length - 1; r >= 0; r -= 1) {
      common[l * width + r] =
        left[l] === right[r]
          ? (common[(l + 1) * width + r + 1] ?? 0) + 1
          : Math.max(common[(l + 1) * width + r] ?? 0, common[l * width + r + 1] ?? 0);
    }
  }
  const lines: DiffLine[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    if (left[l] === right[r]) {
      lines.push({ sign: ' ', text: left[l] ?? '' });
      l += 1;
      r += 1;
    } else if ((common[(l + 1) * width + r] ?? 0) >= (common[l * width + r + 1] ?? 0)) {
      lines.push({ sign: '-', text: left[l] ?? '' });
      l += 1;
    } else {
      lines.push({ sign: '+', text: right[r] ?? '' });
      r += 1;
    }
  }
  return [...lines, ...signed(left.slice(l), '-'), ...signed(right.slice(r), '+')];
}
