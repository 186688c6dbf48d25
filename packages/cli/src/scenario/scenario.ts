import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Who signs an image. */
export type SignedBy =
  /** Keyless: an OpenID Connect subject of the issuer, or an email address it confirms. */
  | { readonly issuer: string; readonly subject: string }
  | { readonly issuer: string; readonly email: string }
  /** The key of this name; it is made when it is first named. */
  | { readonly key: string }
  /** The same, presenting the certificate that a private authority issued for the key. */
  | { readonly certificate: string };

/** An image made in the sandbox's registry before the first step. */
export interface ScenarioImage {
  /** `ghcr.io/fluxcd/source-controller:v1.5.0`: the host is stood in for by the registry. */
  readonly image: string;
  /** Unsigned when absent. */
  readonly signed?: SignedBy;
  /** `legacy` (default): the `.sig` tag of cosign 2; `bundle`: the referrer of cosign 3. */
  readonly format?: 'legacy' | 'bundle';
  /** Pushes other content under a tag that exists already, as somebody who moves a tag does. */
  readonly content?: string;
}

export interface Expectation {
  /** Exit code; 0 unless told. `any` other than zero: `fails`. */
  readonly exit?: number | 'fails';
  /** Texts that must all occur. */
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  /** Texts that must occur in neither. */
  readonly absent?: readonly string[];
  /** Each list of texts must occur in one and the same line of standard output. */
  readonly lines?: readonly (readonly string[])[];
}

/** A mutating webhook outside the cluster that writes what it sees into the object's annotation `seen.by/NAME`. */
export interface ScenarioWebhook {
  readonly name: string;
  /** Refuses an object without this annotation, with the message. */
  readonly requires?: { readonly annotation: string; readonly message: string };
}

/** What one step does; exactly one of the actions. */
export interface ScenarioStep {
  readonly title: string;
  /** Printed by the tour: what is to be seen here. */
  readonly because?: string;
  /** `sandbox`: left out on a server that is not ours, where nothing runs the operator as a Pod. */
  readonly only?: 'sandbox';
  readonly kubectl?: readonly string[];
  /** This very program, run in the scenario's folder against its cluster. */
  readonly vouchsafe?: readonly string[];
  /** Given to kubectl on standard input: text, or a file by its path from the scenario's folder, where kubectl runs too. */
  readonly stdin?: string;
  readonly stdinFile?: string;
  readonly expect?: Expectation;
  /** Seconds within which the expectation must come to hold; tried again and again. */
  readonly within?: number;
  /** Registry faults by repository, as the sandbox's registry knows them; null makes it honest again. */
  readonly fault?: { readonly repository: string; readonly faults: readonly unknown[] };
  readonly operator?: 'kill' | 'stop' | 'start';
  /** Makes an image, or signs one made earlier without a signature. */
  readonly sign?: ScenarioImage;
  /** Starts a webhook; `${webhook:NAME}` and `${webhookAuthority:NAME}` tell its URL and caBundle. */
  readonly webhook?: ScenarioWebhook;
  /** Reads the operator's metrics. */
  readonly metrics?: true;
  /** Starts a Prometheus that reads the operator's metrics each second and evaluates the rules of this file. */
  readonly prometheus?: { readonly rules: string };
  /** Reads what that Prometheus has to tell: a line for each rule, and one for each alert, with its labels and description. */
  readonly alerts?: true;
  /** A command line as a user types it, pipes and quotes included, run by `sh` where kubectl runs. */
  readonly shell?: string;
  /** Programs besides kubectl that the step cannot do without; it is left out, and said to be, where there is none. */
  readonly programs?: readonly string[];
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
  /** Registries besides the well-known ones that the sandbox's registry stands in for. */
  readonly registryHosts: readonly string[];
  readonly operatorFlags: readonly string[];
  /** `RBAC` when rights matter: who the sandbox knows may otherwise do anything. */
  readonly authorization: 'AlwaysAllow' | 'RBAC';
  readonly steps: readonly ScenarioStep[];
}

const ACTIONS = [
  'kubectl',
  'vouchsafe',
  'fault',
  'operator',
  'sign',
  'webhook',
  'metrics',
  'post',
  'shell',
  'prometheus',
  'alerts',
] as const;

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
    const { kubectl, vouchsafe, ...rest } = step;
    return {
      ...rest,
      ...(kubectl ? { kubectl: splitWords(kubectl) } : {}),
      ...(vouchsafe ? { vouchsafe: splitWords(vouchsafe) } : {}),
    } as ScenarioStep; // problemOf looked
  });
  return {
    name: folder.split('/').at(-1) ?? folder,
    folder,
    title: document.title,
    images: document.images ?? [],
    registryHosts: document.registryHosts ?? [],
    operatorFlags: document.operatorFlags ?? [],
    authorization: document.authorization ?? 'AlwaysAllow',
    steps,
  };
}

type CommandLine = string | readonly string[];
type RawStep = Omit<ScenarioStep, 'kubectl' | 'vouchsafe'> & {
  readonly kubectl?: CommandLine;
  readonly vouchsafe?: CommandLine;
};

function problemOf(step: RawStep): string | undefined {
  if (typeof step.title !== 'string') return 'it has no title';
  const actions = ACTIONS.filter((action) => step[action] !== undefined);
  if (actions.length !== 1) return `it does ${actions.length} things (${ACTIONS.join(', ')}), not one`;
  const known = new Set<string>([
    ...ACTIONS,
    ...['title', 'because', 'stdin', 'stdinFile', 'expect', 'within', 'programs', 'only'],
  ]);
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
