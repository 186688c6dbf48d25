import type { AttestorSet } from '../../facts/attestor.ts';
import type { ImageVerificationRequest, RegistryAccess } from '../../facts/fact-request.ts';
import { namedSecrets } from '../../facts/named-secrets.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import { compileTemplate, type TemplateTools } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { ImageVerificationEntry } from '../../model/policy.ts';
import { compileReferences } from './reference-matcher.ts';

/** The parts of an entry that may hold variables (kyverno-core §3: all but conditions). */
export interface EntryQuestion {
  readonly attestors: readonly AttestorSet[];
  readonly attestations: ImageVerificationRequest['attestations'];
  readonly annotations: Readonly<Record<string, string>>;
  readonly repository: string | undefined;
  readonly credentials: ImageVerificationEntry['imageRegistryCredentials'];
}

export interface CompiledEntry {
  readonly entry: ImageVerificationEntry;
  /** Whether there is evidence to ask for; an entry without may still pin digests. */
  readonly verifies: boolean;
  readonly matches: (image: string) => boolean;
  readonly skips: (image: string) => boolean;
  readonly question: (scope: Scope) => EntryQuestion | EvaluationError;
}

export function compileEntry(entry: ImageVerificationEntry, tools: TemplateTools): CompiledEntry {
  return {
    entry,
    verifies: entry.attestors.length > 0 || entry.attestations.length > 0,
    matches: compileReferences(entry.imageReferences),
    skips: compileReferences(entry.skipImageReferences),
    question: compileQuestion(entry, tools),
  };
}

function compileQuestion(entry: ImageVerificationEntry, tools: TemplateTools): CompiledEntry['question'] {
  const written: EntryQuestion = {
    attestors: entry.attestors,
    attestations: entry.attestations.map(({ type, name, attestors }) => ({
      type,
      ...(name ? { name } : {}),
      attestors,
    })),
    annotations: entry.annotations,
    repository: entry.repository,
    credentials: entry.imageRegistryCredentials,
  };
  // An EntryQuestion is JSON but for absent members, which a round trip drops.
  const template = compileTemplate(JSON.parse(JSON.stringify(written)) as Json, tools);
  if (template.constant) return () => written;
  return (scope) => {
    const value = template.evaluate(scope);
    if (value instanceof EvaluationError) return value;
    // Substitution replaces texts inside the same shape; what is no text where one belongs, no attestor accepts.
    return { repository: undefined, ...(value as object) } as EntryQuestion;
  };
}

/** Requests made of a question, by image and secrets: the same object has its key already, and its answer may be at hand. */
const MADE = new WeakMap<EntryQuestion, Map<string, ImageVerificationRequest>>();
/** A cluster runs a few hundred images at a time. */
const REMEMBERED = 1024;

/** The fact that answers for one image; equal questions of several rules share one answer. */
export function toFactRequest(
  entry: CompiledEntry,
  question: EntryQuestion,
  reference: string,
  pullSecrets: readonly string[],
): ImageVerificationRequest {
  let made = MADE.get(question);
  if (!made || made.size >= REMEMBERED) {
    made = new Map();
    MADE.set(question, made);
  }
  const key = pullSecrets.length === 0 ? reference : `${reference}\n${pullSecrets.join('\n')}`;
  let request = made.get(key);
  if (!request) {
    request = createRequest(entry, question, reference, pullSecrets);
    made.set(key, request);
  }
  return request;
}

function createRequest(
  { entry }: CompiledEntry,
  question: EntryQuestion,
  reference: string,
  pullSecrets: readonly string[],
): ImageVerificationRequest {
  return {
    kind: 'image-verification',
    reference,
    type: entry.type,
    attestors: question.attestors,
    attestations: question.attestations,
    ...(question.repository ? { repository: question.repository } : {}),
    annotations: question.annotations,
    cosignOCI11: entry.cosignOCI11,
    useCache: entry.useCache,
    access: toAccess(question, pullSecrets),
  };
}

/** Secrets named without a namespace are in the engine's own; the resource's pull secrets carry theirs. */
export function toAccess({ credentials }: EntryQuestion, pullSecrets: readonly string[]): RegistryAccess {
  return {
    allowInsecure: credentials.allowInsecureRegistry,
    providers: credentials.providers,
    secrets: [...namedSecrets(credentials.secrets, undefined), ...pullSecrets],
  };
}
