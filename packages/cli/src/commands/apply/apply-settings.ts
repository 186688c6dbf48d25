import { parseDuration } from '@vouchsafe/engine/kernel';
import { type FlagValues, listFlag, textFlag } from '../../flags/command.ts';
import { type RegistrySettings, readRegistrySettings } from '../../flags/registry-flags.ts';
import { InputProblem } from '../../inputs/input-problem.ts';
import type { PayloadPaths } from '../../inputs/payloads.ts';

export type FindingFormat = 'sarif' | 'github' | 'junit';

export interface FormatTarget {
  readonly format: FindingFormat;
  /** Standard output when absent. */
  readonly file: string | undefined;
}

/** What is printed on standard output. */
export type ApplyView = 'text' | 'table' | 'report' | 'exceptions' | 'format';

/** The flags of `apply`, read and checked. */
export interface ApplySettings {
  readonly policies: readonly string[];
  readonly resources: readonly string[];
  readonly targets: readonly string[];
  readonly parameters: readonly string[];
  readonly exceptions: readonly string[];
  readonly exceptionsWithinResources: boolean;
  readonly exceptionsWithinPolicies: boolean;
  readonly definitions: readonly string[];
  readonly valuesFile: string;
  readonly set: readonly string[];
  readonly userInfo: string;
  readonly view: ApplyView;
  readonly reportFormat: 'yaml' | 'json';
  readonly detailed: boolean;
  readonly formats: readonly FormatTarget[];
  /** Where mutated and generated resources are written; empty for standard output. */
  readonly mutatedPath: string;
  /** Print mutated resources alone. */
  readonly pipe: boolean;
  readonly auditWarn: boolean;
  readonly warnExitCode: number;
  readonly warnNoPass: boolean;
  readonly exceptionTtl: string;
  readonly registry: RegistrySettings | undefined;
  readonly cluster: ClusterSettings | undefined;
  readonly git: { readonly branch: string; readonly username?: string; readonly password?: string };
  readonly allowEmpty: boolean;
  readonly continueOnFail: boolean;
  readonly showPerformance: boolean;
  /** A `Context` file; empty for none. */
  readonly contextFile: string;
  /** Whether `{{ }}` in values of resources is resolved, as upstream. */
  readonly resolveRequestVariables: boolean;
  /** Payloads in JSON or YAML, judged instead of resources. */
  readonly payloads: PayloadPaths;
}

export interface ClusterSettings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string;
  readonly clusterWide: boolean;
  readonly pageSize: number;
}

/** Throws `InputProblem` in Kyverno's words for what cannot go together. */
export function readSettings(policies: readonly string[], flags: FlagValues): ApplySettings {
  const paths = (...names: readonly string[]): readonly string[] =>
    names.flatMap((name) => listFlag(flags, name)).flatMap((value) => value.split(','));
  const isSet = (name: string): boolean => flags[name] === true;
  const outputs = listFlag(flags, 'output');
  const formats = outputs.flatMap(toFormat);
  const settings: ApplySettings = {
    policies,
    resources: paths('resource', 'resources'),
    targets: paths('targetResource', 'targetResources'),
    parameters: paths('parameterResource'),
    exceptions: paths('exception', 'exceptions'),
    exceptionsWithinResources: isSet('exceptionsWithResources') || isSet('exceptionsWithinResources'),
    exceptionsWithinPolicies: isSet('exceptionsWithinPolicies'),
    definitions: paths('crdPaths', 'crdPath').filter((path) => path.trim() !== ''),
    valuesFile: textFlag(flags, 'valuesFile') ?? '',
    set: listFlag(flags, 'set'),
    userInfo: textFlag(flags, 'userinfo') ?? '',
    view: viewOf(flags, formats),
    reportFormat: toReportFormat(textFlag(flags, 'outputFormat') ?? 'yaml'),
    detailed: isSet('detailedResults'),
    formats,
    mutatedPath: outputs.find((output) => toFormat(output).length === 0) ?? '',
    pipe: isSet('stdin'),
    auditWarn: isSet('auditWarn'),
    warnExitCode: toExitCode(textFlag(flags, 'warnExitCode') ?? '0'),
    warnNoPass: isSet('warnNoPass'),
    exceptionTtl: toTtl(textFlag(flags, 'generatedExceptionTtl') ?? '720h'),
    registry: readRegistrySettings(flags),
    cluster: isSet('cluster') ? clusterOf(flags) : undefined,
    git: gitOf(flags),
    allowEmpty: isSet('allowEmpty'),
    continueOnFail: isSet('continueOnFail'),
    showPerformance: isSet('showPerformance'),
    contextFile: textFlag(flags, 'contextFile') ?? '',
    resolveRequestVariables: isSet('resolveRequestVariables'),
    payloads: { json: paths('json'), envoy: paths('envoyPayload'), http: paths('httpPayload') },
  };
  checkSettings(settings, textFlag(flags, 'kubeconfig') ?? '');
  return settings;
}

const FORMATS: readonly FindingFormat[] = ['sarif', 'github', 'junit'];

/** `sarif` or `sarif=results.sarif`; any other output is a place for mutated resources. */
function toFormat(output: string): readonly FormatTarget[] {
  const [name = '', ...file] = output.split('=');
  const format = FORMATS.find((known) => known === name);
  return format === undefined ? [] : [{ format, file: file.length > 0 ? file.join('=') : undefined }];
}

function toReportFormat(format: string): 'yaml' | 'json' {
  if (format === 'yaml' || format === 'json') return format;
  throw new InputProblem(`invalid output format: ${format} (supported formats: json, yaml)`);
}

function viewOf(flags: FlagValues, formats: readonly FormatTarget[]): ApplyView {
  if (flags['policyReport'] === true) return 'report';
  if (flags['generateExceptions'] === true) return 'exceptions';
  if (formats.some(({ file }) => file === undefined)) return 'format';
  return flags['table'] === true ? 'table' : 'text';
}

function toExitCode(text: string): number {
  const code = Number(text);
  if (Number.isInteger(code) && code >= 0 && code <= 255) return code;
  throw new InputProblem(`invalid argument "${text}" for "--warn-exit-code" flag`);
}

function toTtl(text: string): string {
  if (text === '0' || parseDuration(text) !== undefined) return text;
  throw new InputProblem(`invalid argument "${text}" for "--generated-exception-ttl" flag`);
}

function clusterOf(flags: FlagValues): ClusterSettings {
  return {
    kubeconfig: textFlag(flags, 'kubeconfig'),
    context: textFlag(flags, 'context'),
    namespace: textFlag(flags, 'namespace') ?? '',
    clusterWide: flags['clusterWideResources'] === true,
    pageSize: Math.max(1, Number(textFlag(flags, 'batchSize') ?? '100') || 100),
  };
}

function gitOf(flags: FlagValues): ApplySettings['git'] {
  const username = textFlag(flags, 'username');
  const password = textFlag(flags, 'password');
  return {
    branch: textFlag(flags, 'gitBranch') ?? '',
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

function checkSettings(settings: ApplySettings, kubeconfig: string): void {
  const { valuesFile, set, policies, resources, cluster, definitions, formats } = settings;
  const payloads = Object.values(settings.payloads).flat();
  if (valuesFile !== '' && set.length > 0) {
    throw new InputProblem('pass the values either using set flag or values_file flag');
  }
  if (policies.length === 0) throw new InputProblem('require policy');
  if (policies.includes('-') && resources.includes('-')) {
    throw new InputProblem('a stdin pipe can be used for either policies or resources, not both');
  }
  if (resources.length > 0 && payloads.length > 0) {
    throw new InputProblem('both resource and json files can not be used together, use one or the other');
  }
  if (resources.length === 0 && payloads.length === 0 && !cluster) {
    throw new InputProblem('resource file(s) or cluster required');
  }
  if (definitions.length > 0 && kubeconfig.trim() !== '') {
    throw new InputProblem('crd-paths and kubeconfig flags are mutually exclusive, please use only one of them');
  }
  if (formats.filter(({ file }) => file === undefined).length > 1) {
    throw new InputProblem('only one format goes to standard output: write the others to files, as in -o sarif=FILE');
  }
}
