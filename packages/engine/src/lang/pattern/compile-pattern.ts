import type { Json } from '../../kernel/json.ts';
import { compileNode, type PatternParts } from './compile-node.ts';
import { explain } from './explain.ts';
import { isSkip, NEGATED, PASS } from './verdict.ts';

export interface PatternOutcome {
  readonly status: 'pass' | 'fail' | 'skip' | 'error';
  /** Kyverno's error text; empty when passed. */
  readonly message: string;
  /** Where it failed, as `/spec/containers/0/image/`; empty unless failed. */
  readonly path: string;
}

/** A compiled pattern. Frozen, shared by all requests. */
export interface Pattern {
  /** Whether the resource passes. The fast path: no texts are made. */
  readonly matches: (resource: Json | undefined) => boolean;
  readonly evaluate: (resource: Json | undefined) => PatternOutcome;
}

const PASSED: PatternOutcome = Object.freeze({ status: 'pass', message: '', path: '' });

/**
 * Compiles a validation pattern without variables (kyverno-core §2.9). Closures decide; only when the resource does
 * not pass, a slower walk finds path and text. `parts` carries compiled parts from one pattern to the next.
 */
export function compilePattern(pattern: Json, parts: PatternParts = new WeakMap()): Pattern {
  const node = compileNode(pattern, parts);
  return Object.freeze({
    matches: (resource: Json | undefined) => node(resource) === PASS,
    evaluate: (resource: Json | undefined) => (node(resource) === PASS ? PASSED : outcomeOf(pattern, resource)),
  });
}

/** A negation fails at its path; any other failure is an error when an anchor's key is missing or it has no path. */
function outcomeOf(pattern: Json, resource: Json | undefined): PatternOutcome {
  const { verdict, path, message, anchorKeyMissing } = explain(pattern, resource);
  if (verdict === PASS) return PASSED;
  if (isSkip(verdict)) return { status: 'skip', message, path: '' };
  if (verdict !== NEGATED && (anchorKeyMissing || path === '')) return { status: 'error', message, path: '' };
  return { status: 'fail', message, path };
}
