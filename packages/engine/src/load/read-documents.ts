import { type Document, LineCounter, parseAllDocuments, type ScalarTag, type Tags } from 'yaml';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import { isJsonObject, type Json } from '../kernel/json.ts';
import type { SourceMap } from '../model/policy.ts';
import { createSourceMap } from './source-map.ts';
import { checkTextLimits, LIMITS, looksLikeJson, tooDeep } from './text-limits.ts';
import { ConversionProblem, QUOTE_WILDCARDS, yamlToJson } from './yaml-to-json.ts';

/** One document of a text. */
export interface TextDocument {
  readonly value: Json;
  readonly sources: SourceMap;
}

export interface ReadDocuments {
  readonly documents: readonly TextDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The documents of a YAML 1.1 text, as Go's Kubernetes libraries read it, or of a JSON text. Empty documents are left
 * out. A document that cannot be read is a diagnostic; the others are still returned.
 */
export function readDocuments(text: string, origin: string): ReadDocuments {
  const refused = checkTextLimits(text, origin);
  if (refused) return { documents: [], diagnostics: [refused] };
  return readJson(text, origin) ?? readYaml(text, origin);
}

/** `undefined`: not one JSON value; it may be YAML in flow style, or half a JSON that YAML explains better. */
function readJson(text: string, origin: string): ReadDocuments | undefined {
  if (!looksLikeJson(text)) return undefined;
  try {
    // JSON.parse yields JSON.
    const value = JSON.parse(text) as Json;
    return { documents: [{ value, sources: lazySources(text, origin) }], diagnostics: [] };
  } catch {
    return undefined;
  }
}

/** Positions in a JSON text, found by reading it as YAML when a first one is asked for. */
function lazySources(text: string, origin: string): SourceMap {
  let sources: SourceMap | undefined;
  return (path, offset) => {
    sources ??= readYaml(text, origin).documents[0]?.sources ?? (() => undefined);
    return sources(path, offset);
  };
}

function readYaml(text: string, origin: string): ReadDocuments {
  const lines = new LineCounter();
  const parsed = parseYaml(text, lines);
  if (!parsed) return { documents: [], diagnostics: [tooDeep(origin)] };
  const documents: TextDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const document of parsed) {
    const problems = toDiagnostics(document, lines, origin);
    diagnostics.push(...problems);
    if (problems.length > 0) continue;
    try {
      const { value, duplicates } = yamlToJson(document.contents);
      for (const { key, offset } of duplicates) diagnostics.push(duplicateKey(key, offset, lines, origin));
      if (value !== null)
        documents.push({ value, sources: createSourceMap(document.contents, { text, lines, origin }) });
    } catch (error) {
      if (!(error instanceof ConversionProblem)) throw error;
      const { code, message, offset, hint } = error;
      const problem = { code, severity: 'error', message, range: toRange(offset, offset, lines, origin) } as const;
      diagnostics.push(hint === undefined ? problem : { ...problem, hint });
    }
  }
  return { documents, diagnostics };
}

/** Tags that Go's reader does not know or reads as text: sexagesimal numbers, times, sets and the like. */
const FOREIGN_TAGS: ReadonlySet<string> = new Set([
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:binary',
]);

function isScalarTag(tag: Tags[number]): tag is ScalarTag {
  return typeof tag === 'object' && tag.collection === undefined;
}

/** With digits before the exponent: `e12` is a text to Go. */
const EXPONENT = /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)[eE][-+]?[0-9]+$/;

function goTags(tags: Tags): Tags {
  return tags
    .filter((tag) => typeof tag === 'string' || !(FOREIGN_TAGS.has(tag.tag) || tag.format === 'TIME'))
    .map((tag) => (isScalarTag(tag) && tag.format === 'EXP' ? { ...tag, test: EXPONENT } : tag));
}

/** `undefined`: nested so deeply that the reader ran out of stack. */
function parseYaml(text: string, lines: LineCounter): readonly Document.Parsed[] | undefined {
  try {
    const parsed = parseAllDocuments(text, {
      version: '1.1',
      customTags: goTags,
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'silent',
      strict: true,
    });
    return 'empty' in parsed ? [] : parsed;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** At most this many problems of one document: after the first the rest mostly follow from it. */
const PROBLEMS = 5;

const LAYOUT = 'the fields of one object begin in one column, those of a list item two columns after its `-`';
/** What to look for, by the code of a problem with how a document is laid out. */
const HINTS: Readonly<Partial<Record<Document.Parsed['errors'][number]['code'], string>>> = {
  BAD_ALIAS: QUOTE_WILDCARDS,
  BAD_INDENT: LAYOUT,
  BLOCK_AS_IMPLICIT_KEY: `${LAYOUT}; a text that has \`: \` in it needs quotes`,
  MULTILINE_IMPLICIT_KEY: LAYOUT,
  TAB_AS_INDENT: 'indent with spaces',
  UNEXPECTED_TOKEN: LAYOUT,
};

function toDiagnostics(document: Document.Parsed, lines: LineCounter, origin: string): Diagnostic[] {
  return document.errors.slice(0, PROBLEMS).map(({ code, message, pos }, index): Diagnostic => {
    const hint = index === 0 ? HINTS[code] : undefined; // one mistake mostly leads to the others
    return {
      code: 'document-syntax',
      severity: 'error',
      message: lowerFirst(message.split('\n')[0] ?? '').slice(0, LIMITS.depth * 4),
      range: toRange(pos[0], pos[1], lines, origin),
      ...(hint === undefined ? {} : { hint }),
    };
  });
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function duplicateKey(key: string, offset: number, lines: LineCounter, origin: string): Diagnostic {
  return {
    code: 'document-duplicate-key',
    severity: 'warning',
    message: `the key \`${key}\` is given twice; the last one counts`,
    range: toRange(offset, offset + key.length, lines, origin),
  };
}

function toRange(start: number, end: number, lines: LineCounter, origin: string): NonNullable<Diagnostic['range']> {
  const from = lines.linePos(start);
  const to = lines.linePos(end);
  return { origin, line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
}

/** The items of a `List`, each with its own positions; any other document is itself. */
export function flattenList(document: TextDocument): readonly TextDocument[] {
  const { value, sources } = document;
  if (!isJsonObject(value)) return [document];
  const { kind, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [document];
  return items.map((item: Json, index) => ({
    value: item,
    sources: (path, offset) => sources(`items[${index}].${path}`, offset),
  }));
}
