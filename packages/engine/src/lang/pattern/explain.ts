import { formatPlainNumber } from '../../kernel/go-number.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { parseAnchor } from '../../model/anchor.ts';
import { formatGoValue } from '../jmespath/go-value.ts';
import { orderKeys, type PatternKey } from './map-keys.ts';
import { expandInMetadata } from './metadata-wildcards.ts';
import { compileScalar } from './scalar-pattern.ts';
import { FAIL, isSkip, NEGATED, PASS, SKIP_COLLECTED, SKIP_DIRECT, type Verdict } from './verdict.ts';

/** Where and why a pattern did not pass, in Kyverno's words. `path` is `/spec/containers/0/`. */
interface Finding {
  readonly verdict: Verdict;
  readonly path: string;
  readonly message: string;
}

export interface Explanation extends Finding {
  /** Some condition or existence anchor of a visited map had no key in any resource map: failures become errors. */
  readonly anchorKeyMissing: boolean;
}

const PASSED: Finding = { verdict: PASS, path: '', message: '' };

/** The walk that `compileNode` compiles, with paths and messages. Run only where something is to be told. */
export function explain(pattern: Json, resource: Json | undefined): Explanation {
  const walk = new Walk();
  const finding = walk.element(resource, pattern, '/');
  return { ...finding, anchorKeyMissing: walk.isAnchorKeyMissing() };
}

class Walk {
  /** By anchor text, as upstream: one resource map with the key is enough for all maps of the pattern. */
  readonly #anchorKeys = new Map<string, boolean>();

  isAnchorKeyMissing(): boolean {
    return [...this.#anchorKeys.values()].includes(false);
  }

  element(value: Json | undefined, pattern: Json, path: string): Finding {
    if (isJsonArray(pattern)) {
      if (Array.isArray(value)) return this.#list(value, pattern, path);
      return failed(
        path,
        `validation rule failed at path ${path}, resource does not satisfy the expected overlay pattern`,
      );
    }
    if (isJsonObject(pattern)) {
      if (isJsonObject(value)) return this.#map(value, pattern, path);
      return failed(
        path,
        `pattern and resource have different structures. Path: ${path}. Expected ${goType(pattern)}, found ${goType(value)}`,
      );
    }
    const test = compileScalar(pattern);
    if (Array.isArray(value) ? value.every(test) : test(value)) return PASSED;
    return failed(
      path,
      `resource value '${formatFound(value)}' does not match '${formatGoValue(pattern)}' at path ${path}`,
    );
  }

  #list(values: readonly Json[], patterns: readonly Json[], path: string): Finding {
    const [first] = patterns;
    if (first === undefined) return failed(path, 'pattern Array empty');
    if (isJsonObject(first)) return this.#elements(values, () => first, path);
    if (!isJsonArray(first)) return this.element(values, first, path);
    if (values.length < patterns.length) {
      return failed(
        '',
        `validate Array failed, array length mismatch, resource Array len is ${values.length} and pattern Array len is ${patterns.length}`,
      );
    }
    return this.#elements(values.slice(0, patterns.length), (index) => patterns[index] ?? null, path);
  }

  #elements(values: readonly Json[], patternAt: (index: number) => Json, path: string): Finding {
    const skips: Finding[] = [];
    for (const [index, value] of values.entries()) {
      const finding = this.element(value, patternAt(index), `${path}${index}/`);
      if (isSkip(finding.verdict)) skips.push(finding);
      else if (finding.verdict !== PASS) return finding;
    }
    return skips.length > 0 && skips.length === values.length ? collected(skips, path) : PASSED;
  }

  #map(resource: JsonObject, given: JsonObject, path: string): Finding {
    this.#noteAnchorKeys(given, resource);
    const { anchors, others } = orderKeys(expandInMetadata(given, resource));
    const anchored = this.#anchors(resource, anchors, path);
    if (anchored.verdict !== PASS) return anchored;
    for (const key of others) {
      const finding = this.#key(resource, key, path);
      if (finding.verdict !== PASS) return finding;
    }
    return PASSED;
  }

  #anchors(resource: JsonObject, anchors: readonly PatternKey[], path: string): Finding {
    const skips: Finding[] = [];
    let applied = 0;
    const skippedDirectly = () => skips.some(({ verdict }) => verdict === SKIP_DIRECT);
    for (const anchor of anchors) {
      const finding = this.#key(resource, anchor, path);
      if (finding.verdict === PASS) applied++;
      else if (isSkip(finding.verdict)) skips.push(finding);
      else if (!skippedDirectly()) return finding;
    }
    return skips.length > 0 && (applied === 0 || skippedDirectly()) ? collected(skips, path) : PASSED;
  }

  #key(resource: JsonObject, { key, modifier, name, pattern }: PatternKey, path: string): Finding {
    const value = member(resource, name);
    const below = `${path}${name}/`;
    switch (modifier) {
      case undefined:
        return this.#plainKey(value, key, pattern, path);
      case '=':
        return value === undefined ? PASSED : this.element(value, pattern, below);
      case 'X':
        if (value === undefined) return PASSED;
        return {
          verdict: NEGATED,
          path: below,
          message: `negation anchor matched in resource: ${below} is not allowed`,
        };
      case '^':
        return value === undefined ? PASSED : this.#existence(value, pattern, below);
      case '<':
        return value === undefined ? PASSED : asSkip('global', this.element(value, pattern, below));
      default:
        if (value !== undefined) return asSkip('conditional', this.element(value, pattern, below));
        return {
          verdict: SKIP_DIRECT,
          path: below,
          message: "conditional anchor mismatch: conditional anchor key doesn't exist in the resource",
        };
    }
  }

  #plainKey(value: Json | undefined, key: string, pattern: Json, path: string): Finding {
    if (pattern !== '*') return this.element(value, pattern, `${path}${key}/`);
    return value === undefined || value === null ? failed(path, `${path}/${key} not found`) : PASSED;
  }

  #existence(value: Json, patterns: Json, path: string): Finding {
    if (!Array.isArray(value)) {
      return failed(
        path,
        `invalid resource type ${goType(value)}: Existence ^ () anchor can be used only on list/array type resource`,
      );
    }
    if (!isJsonArray(patterns)) {
      return failed(
        path,
        `invalid pattern type ${goType(patterns)}: Pattern has to be of list to compare against resource`,
      );
    }
    for (const pattern of patterns) {
      if (!isJsonObject(pattern)) {
        return failed(
          path,
          `invalid pattern type ${goType(patterns)}: Pattern has to be of type map to compare against items in resource`,
        );
      }
      const exists = value.some(
        (item: Json, index) => this.element(item, pattern, `${path}${index}/`).verdict === PASS,
      );
      if (!exists) return failed(path, `existence anchor validation failed at path ${path}`);
    }
    return PASSED;
  }

  #noteAnchorKeys(pattern: JsonObject, resource: JsonObject): void {
    for (const key of Object.keys(pattern)) {
      const anchor = parseAnchor(key);
      if (anchor?.modifier !== '' && anchor?.modifier !== '^') continue;
      if (this.#anchorKeys.get(key) !== true) this.#anchorKeys.set(key, Object.hasOwn(resource, anchor.key));
    }
  }
}

function failed(path: string, message: string): Finding {
  return { verdict: FAIL, path, message };
}

function asSkip(anchor: 'conditional' | 'global', finding: Finding): Finding {
  if (finding.verdict === PASS) return PASSED;
  return { verdict: SKIP_DIRECT, path: finding.path, message: `${anchor} anchor mismatch: ${finding.message}` };
}

function collected(skips: readonly Finding[], path: string): Finding {
  return { verdict: SKIP_COLLECTED, path, message: skips.map(({ message }) => message).join('; ') };
}

/** Whole numbers of resources are int64 upstream, those of patterns are not. */
function formatFound(value: Json | undefined): string {
  return typeof value === 'number' && Number.isInteger(value) ? formatPlainNumber(value) : formatGoValue(value ?? null);
}

/** Go's `%T` of a decoded JSON value; whole numbers of resources are int64. */
function goType(value: Json | undefined): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
