import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, normalize, posix, resolve } from 'node:path';
import type { SourceMap } from '@vouchsafe/engine';
import { formatDiagnostic, type JsonObject } from '@vouchsafe/engine/kernel';
import { checkShape, METADATA, placeProblems, type Shape } from './check-shape.ts';
import { byName } from './find-files.ts';
import { reasonOf } from './input-problem.ts';
import { type InputDocument, readInputDocuments } from './read-documents.ts';
import { objectsAt, textAt, textsAt } from './read-fields.ts';
import { toValues, VALUES_SPEC, type Values } from './values.ts';

export interface TestExpectation {
  readonly policy: string;
  readonly rule: string;
  readonly resources: readonly string[] | undefined;
  readonly resourceSpecs: readonly JsonObject[];
  readonly operation: string;
  readonly result: string;
  readonly patchedResources: string;
  readonly generatedResources: readonly string[];
  readonly cloneSourceResource: string;
  readonly failOnMissingResources: boolean;
  readonly isDeletingPolicy: boolean;
  /** Where the manifest says so: `path:line`. */
  readonly place: () => string;
}

/** One document of kind `Test` (kyverno-core §5.3). Paths are relative to `folder`. */
export interface TestManifest {
  /** As the user would write it. */
  readonly path: string;
  readonly folder: string;
  /** The deprecated `name`, or no apiVersion or kind. */
  readonly isDeprecated: boolean;
  readonly policies: readonly string[];
  readonly resources: readonly string[];
  readonly targetResources: readonly string[];
  readonly exceptions: readonly string[];
  readonly clusterResources: readonly string[];
  readonly paramResources: readonly string[];
  readonly jsonPayloads: readonly string[];
  readonly httpPayloads: readonly string[];
  readonly envoyPayloads: readonly string[];
  readonly variables: string;
  readonly values: Values | undefined;
  readonly userInfo: string;
  readonly context: string;
  readonly apiCallResponses: readonly JsonObject[];
  readonly globalContextEntries: readonly JsonObject[];
  readonly results: readonly TestExpectation[];
}

/** A manifest, or why it cannot be read. */
export type TestCase =
  | { readonly path: string; readonly test: TestManifest; readonly error?: undefined }
  | { readonly path: string; readonly test?: undefined; readonly error: string };

const TEXTS: Shape = { list: 'text' };

const RESULT: Shape = {
  fields: {
    policy: 'text',
    rule: 'text',
    kind: 'text',
    resources: TEXTS,
    resourceSpecs: {
      list: {
        fields: {
          group: 'text',
          version: 'text',
          kind: 'text',
          namespace: 'text',
          subresource: 'text',
          name: 'text',
        },
      },
    },
    operation: 'text',
    result: 'text',
    patchedResources: 'text',
    generatedResource: 'text',
    generatedResources: TEXTS,
    cloneSourceResource: 'text',
    isValidatingAdmissionPolicy: 'flag',
    isMutatingAdmissionPolicy: 'flag',
    isValidatingPolicy: 'flag',
    isMutatingPolicy: 'flag',
    isImageValidatingPolicy: 'flag',
    isGeneratingPolicy: 'flag',
    isDeletingPolicy: 'flag',
    failOnMissingResources: 'flag',
  },
};

const TEST: Shape = {
  fields: {
    apiVersion: 'text',
    kind: 'text',
    metadata: METADATA,
    name: 'text',
    policies: TEXTS,
    resources: TEXTS,
    targetResources: TEXTS,
    exceptions: TEXTS,
    clusterResources: TEXTS,
    paramResources: TEXTS,
    jsonPayload: 'text',
    jsonPayloads: TEXTS,
    httpPayloads: TEXTS,
    envoyPayloads: TEXTS,
    variables: 'text',
    values: VALUES_SPEC,
    userinfo: 'text',
    context: 'text',
    apiCallResponses: {
      list: {
        fields: {
          url: 'text',
          urlPath: 'text',
          method: 'text',
          response: { fields: { statusCode: 'number', body: 'any' } },
        },
      },
    },
    globalContextEntries: {
      list: {
        fields: {
          name: 'text',
          data: 'any',
          resources: 'any',
          resourceFiles: TEXTS,
          fieldPath: 'text',
          projections: { list: { fields: { name: 'text', path: 'text' } } },
        },
      },
    },
    results: { list: RESULT },
  },
};

/** The manifests named `fileName` at and below a folder, or those of a file given itself; told by the path as given. */
export async function findTests(path: string, folder: string, fileName: string): Promise<readonly TestCase[]> {
  const found = await stat(resolve(folder, path));
  return found.isFile() ? readTests(path, folder) : searchFolder(normalize(path), folder, fileName);
}

async function searchFolder(path: string, folder: string, fileName: string): Promise<readonly TestCase[]> {
  const cases: TestCase[] = [];
  for (const entry of (await readdir(resolve(folder, path), { withFileTypes: true })).sort(byName)) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) cases.push(...(await searchFolder(inner, folder, fileName)));
    else if (entry.name === fileName) cases.push(...(await readTests(inner, folder)));
  }
  return cases;
}

async function readTests(path: string, base: string): Promise<readonly TestCase[]> {
  const absolute = resolve(base, path);
  let text: string;
  try {
    text = await readFile(absolute, 'utf8');
  } catch (error) {
    return [{ path, error: reasonOf(error) }];
  }
  const { documents, problems } = readInputDocuments(text, basename(path));
  const [problem] = problems;
  if (problem) return [{ path, error: formatDiagnostic(problem) }];
  return documents.map((document) => toTestCase(document, path, dirname(absolute)));
}

/** What is wrong with a document as a manifest of tests: unknown fields and wrong types. */
export function problemsOf(document: JsonObject): readonly string[] {
  return checkShape(document, TEST).problems;
}

function toTestCase({ object, sources }: InputDocument, path: string, folder: string): TestCase {
  const { value, problems } = checkShape(object, TEST);
  if (problems.length > 0) {
    return { path, error: `error unmarshaling JSON: ${placeProblems(problems, path, sources).join('; ')}` };
  }
  // an object with just the fields of the shape
  return { path, test: toManifest(value as JsonObject, path, folder, sources) };
}

function toManifest(value: JsonObject, path: string, folder: string, sources: SourceMap): TestManifest {
  const single = textAt(value, 'jsonPayload');
  const payloads = textsAt(value, 'jsonPayloads');
  return {
    path,
    folder,
    isDeprecated: textAt(value, 'apiVersion') === '' || textAt(value, 'kind') === '' || textAt(value, 'name') !== '',
    policies: unique(textsAt(value, 'policies')),
    resources: unique(textsAt(value, 'resources')),
    targetResources: textsAt(value, 'targetResources'),
    exceptions: textsAt(value, 'exceptions'),
    clusterResources: textsAt(value, 'clusterResources'),
    paramResources: textsAt(value, 'paramResources'),
    jsonPayloads: unique((payloads.length > 0 ? payloads : [single]).filter((name) => name.trim() !== '')).map((name) =>
      posix.normalize(name),
    ),
    httpPayloads: unique(textsAt(value, 'httpPayloads')),
    envoyPayloads: unique(textsAt(value, 'envoyPayloads')),
    variables: textAt(value, 'variables'),
    values: Object.hasOwn(value, 'values') ? toValues(value['values']) : undefined,
    userInfo: textAt(value, 'userinfo'),
    context: textAt(value, 'context'),
    apiCallResponses: objectsAt(value, 'apiCallResponses'),
    globalContextEntries: objectsAt(value, 'globalContextEntries'),
    results: objectsAt(value, 'results').map((result, index) =>
      toExpectation(result, () => `${path}:${sources(`results[${index}]`)?.line ?? 1}`),
    ),
  };
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function toExpectation(result: JsonObject, place: () => string): TestExpectation {
  const many = textsAt(result, 'generatedResources');
  const one = textAt(result, 'generatedResource');
  return {
    policy: textAt(result, 'policy'),
    rule: textAt(result, 'rule'),
    resources: Object.hasOwn(result, 'resources') ? textsAt(result, 'resources') : undefined,
    resourceSpecs: objectsAt(result, 'resourceSpecs'),
    operation: textAt(result, 'operation'),
    result: textAt(result, 'result'),
    patchedResources: textAt(result, 'patchedResources'),
    generatedResources: many.length > 0 ? many : one === '' ? [] : [one],
    cloneSourceResource: textAt(result, 'cloneSourceResource'),
    failOnMissingResources: result['failOnMissingResources'] === true,
    isDeletingPolicy: result['isDeletingPolicy'] === true,
    place,
  };
}
