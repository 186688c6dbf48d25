import { type Expr, forEachExpr } from '../syntax/ast.ts';
import { type CelIssue, issueAt } from '../syntax/source.ts';
import { type CelType, formatType, isSameType, OPTIONAL_NAME } from '../values/cel-type.ts';
import { parseDuration, parseTimestamp } from '../values/time.ts';
import type { CheckedExpr } from './checked.ts';

export interface LiteralRules {
  /** Whether the parts of list and map literals must have one type. */
  readonly homogeneous: boolean;
  /** Whether a pattern is valid; literal patterns, durations and timestamps are checked when it is given. */
  readonly isPattern: ((pattern: string) => boolean) | undefined;
}

/**
 * Problems of literals that would fail when evaluated: arguments of `timestamp`, `duration` and `matches`, and list
 * and map literals whose parts have different types. What Kubernetes checks after typing.
 */
export function checkLiterals(
  text: string,
  { expr, types }: CheckedExpr,
  { homogeneous, isPattern }: LiteralRules,
): readonly CelIssue[] {
  const issues: CelIssue[] = [];
  const valid: Readonly<Record<string, (argument: string) => boolean>> = {
    duration: (argument) => parseDuration(argument) !== undefined,
    timestamp: (argument) => parseTimestamp(argument) !== undefined,
    matches: (argument) => isPattern?.(argument) ?? true,
  };
  const typeOf = (part: Expr, optional: boolean): CelType | undefined => unwrap(types[part.id], optional);
  const visit = (node: Expr, inFormat: boolean): void => {
    if (node.kind === 'call' && isPattern !== undefined) {
      const [argument] = node.args;
      const test = Object.hasOwn(valid, node.name) ? valid[node.name] : undefined;
      if (test && argument?.kind === 'literal' && typeof argument.value === 'string' && !test(argument.value)) {
        issues.push(issueAt(text, argument.position, `invalid ${node.name} argument`));
      }
    }
    if (node.kind === 'list' && homogeneous && !inFormat) {
      compare(
        node.elements.map(({ value, optional }) => ({ part: value, type: typeOf(value, optional) })),
        true,
      );
    }
    if (node.kind === 'map' && homogeneous && !inFormat) {
      compare(
        node.entries.map(({ key }) => ({ part: key, type: typeOf(key, false) })),
        false,
      );
      compare(
        node.entries.map(({ value, optional }) => ({ part: value, type: typeOf(value, optional) })),
        false,
      );
    }
  };
  const compare = (
    parts: readonly { readonly part: Expr; readonly type: CelType | undefined }[],
    once: boolean,
  ): void => {
    const first = parts[0]?.type;
    for (const { part, type } of parts) {
      if (first === undefined || type === undefined || isSameType(first, type)) continue;
      issues.push(issueAt(text, part.position, `expected type '${formatType(first)}' but found '${formatType(type)}'`));
      if (once) return;
    }
  };
  forEachExpr(expr, false, (node, inFormat) => {
    visit(node, inFormat);
    return inFormat || (node.kind === 'call' && node.name === 'format');
  });
  return issues;
}

function unwrap(type: CelType | undefined, optional: boolean): CelType | undefined {
  return optional && type?.name === OPTIONAL_NAME ? type.parameters[0] : type;
}
