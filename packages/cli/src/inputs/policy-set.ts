import { relative, resolve } from 'node:path';
import {
  type AdmissionPolicyBinding,
  type CelPolicyException,
  loadDocument,
  type Policy,
  type PolicyException,
} from '@vouchsafe/engine';
import { type Diagnostic, formatDiagnostic, isError } from '@vouchsafe/engine/kernel';
import { findFiles } from './find-files.ts';
import { InputProblem } from './input-problem.ts';
import { kindOf } from './kind-table.ts';
import { type InputDocument, readInputDocuments } from './read-documents.ts';
import { textAt } from './read-fields.ts';
import { artifactReference, isArtifact, isUrl, readSource } from './read-source.ts';
import { NO_HOST_SETTINGS, type RegistryAccessOptions } from './registry-access.ts';

/** A policy that the policy webhook would refuse: it is not evaluated, and every command says so. */
export interface InvalidPolicy {
  readonly name: string;
  /** One line, the first thing wrong. */
  readonly reason: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** A policy of a kind that this version does not execute. */
export interface UnsupportedPolicy {
  readonly name: string;
  readonly reason: string;
}

/** Everything about policies that the given paths hold. */
export interface PolicySet {
  readonly policies: readonly Policy[];
  readonly exceptions: readonly PolicyException[];
  readonly celExceptions: readonly CelPolicyException[];
  readonly bindings: readonly AdmissionPolicyBinding[];
  readonly invalid: readonly InvalidPolicy[];
  readonly unsupported: readonly UnsupportedPolicy[];
  /** Documents that are no policy. */
  readonly others: readonly InputDocument[];
  /** Documents that cannot be read or do not fit the schema of their kind: upstream refuses their whole file. */
  readonly problems: readonly Diagnostic[];
  /** What was left out without being asked for: files of a folder that cannot be read, named files without a policy. */
  readonly notes: readonly string[];
}

export interface LoadedText {
  readonly origin: string;
  readonly text: string;
  /** Whether somebody named it, and did not just name a folder that it lies in. */
  readonly isNamed?: boolean;
}

/**
 * Reads files, folders (with all below), globs, URLs, `oci://` artifacts and `-`. Throws `InputProblem` for a path that names
 * nothing.
 */
export async function loadPolicySet(
  paths: readonly string[],
  folder: string,
  registries: RegistryAccessOptions = { hosts: NO_HOST_SETTINGS, env: process.env },
): Promise<PolicySet> {
  const { texts, unreadable } = await readPolicyTexts(paths, folder, registries);
  const set = toPolicySet(texts);
  return unreadable.length === 0 ? set : { ...set, problems: [...set.problems, ...unreadable] };
}

/** The texts at such paths, and what of a folder cannot be read. Throws as `loadPolicySet` does. */
export async function readPolicyTexts(
  paths: readonly string[],
  folder: string,
  registries: RegistryAccessOptions = { hosts: NO_HOST_SETTINGS, env: process.env },
): Promise<{ readonly texts: readonly LoadedText[]; readonly unreadable: readonly Diagnostic[] }> {
  const files = findFiles(paths, folder, { recursive: true });
  const named = new Set([...paths, ...paths.map((path) => resolve(folder, path))]);
  const texts: LoadedText[] = [];
  const unreadable: Diagnostic[] = [];
  for (const file of files) {
    if (isArtifact(file)) texts.push(...(await readArtifact(file, registries)));
    else {
      const origin = shownPath(file, folder);
      try {
        texts.push({ origin, text: await readSource(file, folder), isNamed: named.has(file) });
      } catch (error) {
        // A file that cannot be read never stops the others.
        if (!(error instanceof InputProblem) || isUrl(file)) throw error;
        unreadable.push(unreadableFile(origin, error.message));
      }
    }
  }
  return { texts, unreadable };
}

function unreadableFile(origin: string, message: string): Diagnostic {
  const range = { origin, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return { code: 'document-syntax', severity: 'error', message, range };
}

/** Loaded when asked for only: most policies are files. */
async function readArtifact(path: string, registries: RegistryAccessOptions): Promise<readonly LoadedText[]> {
  const { pullPolicies } = await import('./policy-artifact.ts');
  const texts = await pullPolicies({ reference: artifactReference(path), ...registries });
  return texts.map((text, index) => ({ origin: `${path}[${index}]`, text }));
}

/** The path as the user would write it from where they are. */
export function shownPath(path: string, folder: string): string {
  const shown = path.startsWith('/') ? relative(folder, path) : path;
  return shown.startsWith('..') ? path : shown;
}

export function toPolicySet(texts: readonly LoadedText[]): PolicySet {
  const set = new PolicyCollector();
  for (const { text, origin, isNamed = false } of texts) {
    // compiling asks for the place of each rule
    const { documents, problems } = readInputDocuments(text, origin, 0, 'places');
    // A folder of policies holds other files as well, templates that are no YAML among them.
    if (isNamed || MENTIONS_POLICIES.test(text)) set.problems.push(...problems);
    else set.notes.push(...problems.map((problem) => `left out: ${formatDiagnostic(problem)}`));
    const others = set.others.length;
    for (const document of documents) set.add(document);
    if (isNamed && problems.length === 0 && set.others.length - others === documents.length) {
      set.notes.push(`${origin} holds no policy`);
    }
  }
  return set;
}

/** A folder of policies holds other files as well; those of other tools need not be read. */
export const MENTIONS_POLICIES = /kyverno\.io\/|admissionregistration\.k8s\.io\//;

class PolicyCollector implements PolicySet {
  readonly policies: Policy[] = [];
  readonly exceptions: PolicyException[] = [];
  readonly celExceptions: CelPolicyException[] = [];
  readonly bindings: AdmissionPolicyBinding[] = [];
  readonly invalid: InvalidPolicy[] = [];
  readonly unsupported: UnsupportedPolicy[] = [];
  readonly others: InputDocument[] = [];
  readonly problems: Diagnostic[] = [];
  readonly notes: string[] = [];

  add(document: InputDocument): void {
    const name = textAt(document.object, 'metadata', 'name');
    const loaded = loadDocument(document.object, document.sources);
    if (loaded.policy) this.policies.push(loaded.policy);
    if (loaded.exception) this.exceptions.push(loaded.exception);
    if (loaded.celException) this.celExceptions.push(loaded.celException);
    if (loaded.binding) this.bindings.push(loaded.binding);
    if (loaded.other && kindOf(document.object).group === 'policies.kyverno.io') {
      this.unsupported.push({ name, reason: `kind ${loaded.other.kind} is not supported` });
    } else if (loaded.other) this.others.push(document);
    const errors = loaded.diagnostics.filter(isError);
    const [first] = errors;
    if (!first) return;
    if (errors.some(({ code }) => STRUCTURAL.has(code))) this.problems.push(...errors);
    else this.invalid.push({ name, reason: formatDiagnostic(first), diagnostics: errors });
  }
}

const STRUCTURAL: ReadonlySet<string> = new Set(['policy-unknown-field', 'policy-unknown-kind']);
