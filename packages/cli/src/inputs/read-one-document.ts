import { formatDiagnostic } from '@vouchsafe/engine/kernel';
import { InputProblem } from './input-problem.ts';
import { type InputDocument, readInputDocuments } from './read-documents.ts';
import { readSource } from './read-source.ts';

/**
 * The first document of a file of values, of a user and the like. Throws `InputProblem`.
 *
 * @param describe what is said of a file that is no YAML
 */
export async function readOneDocument(
  path: string,
  folder: string,
  describe = (problem: string): string => problem,
): Promise<InputDocument> {
  const { documents, problems } = readInputDocuments(await readSource(path, folder), path);
  const [problem] = problems;
  if (problem) throw new InputProblem(describe(formatDiagnostic(problem)));
  const [document] = documents;
  if (!document) throw new InputProblem(`${path} is empty`);
  return document;
}
