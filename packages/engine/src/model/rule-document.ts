import { type JsonObject, member } from '../kernel/json.ts';
import { toImageVerificationEntry } from './image-verification-document.ts';
import { toMatchResources } from './match-document.ts';
import type { Rule } from './policy.ts';
import { readFlag, readObject, readObjects, readText, readTextMap } from './read-json.ts';

const NOTHING: JsonObject = {};

/**
 * One rule of a ClusterPolicy or Policy, as written or as autogen wrote it, in the shape the engine compiles: defaults
 * applied, deprecated forms converted. `path` is its place in the document.
 */
export function toRule(document: JsonObject, path: string): Rule {
  const exclude = readObject(document, 'exclude');
  return {
    name: readText(document, 'name') ?? '',
    path,
    context: readObjects(document, 'context'),
    match: toMatchResources(readObject(document, 'match') ?? NOTHING),
    exclude: exclude && toMatchResources(exclude),
    imageExtractors: readFilled(document, 'imageExtractors'),
    preconditions: member(document, 'preconditions') ?? undefined,
    celPreconditions: readObjects(document, 'celPreconditions'),
    validate: readFilled(document, 'validate'),
    mutate: readFilled(document, 'mutate'),
    generate: readFilled(document, 'generate'),
    verifyImages: readObjects(document, 'verifyImages')
      .filter((entry) => Object.keys(entry).length > 0)
      .map(toImageVerificationEntry),
    skipBackgroundRequests: readFlag(document, 'skipBackgroundRequests') ?? true,
    reportProperties: readTextMap(document, 'reportProperties'),
  };
}

/** A rule has a part when the part is not empty (kyverno-core §1.1). */
function readFilled(document: JsonObject, key: string): JsonObject | undefined {
  const part = readObject(document, key);
  return part && Object.keys(part).length > 0 ? part : undefined;
}
