import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** An image made in the sandbox's registry before the first step. */
export interface ScenarioImage {
  /** `ghcr.io/fluxcd/source-controller:v1.5.0`: the host is stood in for by the registry. */
  readonly image: string;
  /** Keyless, by this identity; or with the key of this name. Unsigned when absent. */
  readonly signed?: { readonly issuer: string; readonly subject: string } | { readonly key: string };
}

export interface Expectation {
  /** Exit code; 0 unless told. `any` other than zero: `fails`. */
  readonly exit?: number | 'fails';
  /** Texts that must all occur. */
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  /** Texts that must occur in neither. */
  readonly absent?: readonly string[];
}

/** What one step does; exactly one of the actions. */
export interface ScenarioStep {
  readonly title: string;
  /** Printed by the tour: what is to be seen here. */
  readonly because?: string;
  readonly kubectl?: readonly string[];
  /** Given to kubectl on standard input: text, or the name of a file beside the scenario. */
  readonly stdin?: string;
  readonly stdinFile?: string;
  readonly expect?: Expectation;
  /** Seconds within which the expectation must come to hold; tried again and again. */
  readonly within?: number;
  /** Registry faults by repository, as the sandbox's registry knows them; null makes it honest again. */
  readonly fault?: { readonly repository: string; readonly faults: readonly unknown[] };
  readonly operator?: 'kill' | 'stop' | 'start';
  /** Signs an image made earlier without a signature. */
  readonly sign?: ScenarioImage;
  /** Sends a body as the API server would not: to the operator's webhook port, by path. */
  readonly post?: {
    readonly path: string;
    readonly body?: string;
    readonly bytes?: number;
    readonly contentType?: string;
  };
}

export interface Scenario {
  /** Of its folder. */
  readonly name: string;
  readonly folder: string;
  readonly title: string;
  readonly images: readonly ScenarioImage[];
  readonly operatorFlags: readonly string[];
  readonly steps: readonly ScenarioStep[];
}

const ACTIONS = ['kubectl', 'fault', 'operator', 'sign', 'post'] as const;

/** Reads `scenario.yaml` of a folder. Throws with the file and the step at fault: a scenario is part of the program's data. */
export async function readScenario(folder: string): Promise<Scenario> {
  const file = join(folder, 'scenario.yaml');
  const document = parse(await readFile(file, 'utf8')) as Partial<Scenario> & { steps?: RawStep[] }; // checked below
  if (typeof document.title !== 'string' || !Array.isArray(document.steps) || document.steps.length === 0) {
    throw new Error(`${file}: a scenario has a title and steps`);
  }
  const steps = document.steps.map((step, index) => {
    const problem = problemOf(step);
    if (problem) throw new Error(`${file}: step ${index + 1} (${step.title ?? 'untitled'}): ${problem}`);
    return { ...step, ...(step.kubectl ? { kubectl: splitWords(step.kubectl) } : {}) } as ScenarioStep; // problemOf looked
  });
  return {
    name: folder.split('/').at(-1) ?? folder,
    folder,
    title: document.title,
    images: document.images ?? [],
    operatorFlags: document.operatorFlags ?? [],
    steps,
  };
}

type RawStep = Omit<ScenarioStep, 'kubectl'> & { readonly kubectl?: string | readonly string[] };

function problemOf(step: RawStep): string | undefined {
  if (typeof step.title !== 'string') return 'it has no title';
  const actions = ACTIONS.filter((action) => step[action] !== undefined);
  if (actions.length !== 1) return `it does ${actions.length} things (${ACTIONS.join(', ')}), not one`;
  const known = new Set<string>([...ACTIONS, 'title', 'because', 'stdin', 'stdinFile', 'expect', 'within']);
  const unknown = Object.keys(step).find((key) => !known.has(key));
  return unknown ? `it has an unknown field \`${unknown}\`` : undefined;
}

/** Words of a command line; quotes keep blanks together. A list is taken as it is. */
export function splitWords(line: string | readonly string[]): readonly string[] {
  if (typeof line !== 'string') return line;
  const words: string[] = [];
  for (const match of line.matchAll(/((?:[^\s'"]|'[^']*'|"[^"]*")+)/g)) {
    words.push((match[1] ?? '').replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double ?? ''));
  }
  return words;
}
