import type { JsonObject } from '@vouchsafe/engine/kernel';
import { formatDiagnostic } from '@vouchsafe/engine/kernel';
import { checkShape, METADATA, placeProblems, type Shape } from './check-shape.ts';
import { InputProblem } from './input-problem.ts';
import { readInputDocuments } from './read-documents.ts';
import { objectsAt, textAt } from './read-fields.ts';
import { readSource } from './read-source.ts';

/** What a `Context` file tells policies in CEL of a cluster and of images (kyverno-cel §9.6). */
export interface ContextData {
  readonly resources: readonly JsonObject[];
  /** By the reference as a policy asks for it. */
  readonly images: ReadonlyMap<string, JsonObject>;
}

export const NO_CONTEXT: ContextData = { resources: [], images: new Map() };

const CONTEXT: Shape = {
  fields: {
    apiVersion: 'text',
    kind: 'text',
    metadata: METADATA,
    spec: {
      fields: {
        resources: { list: 'map' },
        images: {
          list: {
            fields: {
              image: 'text',
              resolvedImage: 'text',
              registry: 'text',
              repository: 'text',
              tag: 'text',
              digest: 'text',
              imageIndex: 'any',
              manifest: 'any',
              config: 'any',
            },
          },
        },
      },
    },
  },
};

/** Reads a `Context` file; without a path there is none. Throws `InputProblem`. */
export async function loadContextFile(path: string, folder: string): Promise<ContextData> {
  if (path.trim() === '') return NO_CONTEXT;
  const { documents, problems } = readInputDocuments(await readSource(path, folder), path);
  const [problem] = problems;
  const [document] = documents;
  if (problem) throw new InputProblem(formatDiagnostic(problem));
  if (!document || documents.length > 1) throw new InputProblem(`${path} must hold one document`);
  const { object } = document;
  if (textAt(object, 'kind') !== 'Context') throw new InputProblem(`${path} is no document of kind Context`);
  const [misfit] = placeProblems(checkShape(object, CONTEXT).problems, path, document.sources);
  if (misfit !== undefined) throw new InputProblem(`${path}: ${misfit}`);
  return {
    resources: objectsAt(object, 'spec', 'resources'),
    images: new Map(objectsAt(object, 'spec', 'images').map((image) => [textAt(image, 'image'), image])),
  };
}
