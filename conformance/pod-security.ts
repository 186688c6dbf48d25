import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isJsonArray, isJsonObject, type JsonObject, memberAt } from '../packages/engine/src/kernel/json.ts';
import {
  type PodSecurityLevel,
  parsePodSecurityVersion,
} from '../packages/engine/src/rules/validate/pod-security/controls.ts';
import { evaluateStandard } from '../packages/engine/src/rules/validate/pod-security/evaluate-pod.ts';
import { podOf } from '../packages/engine/src/rules/validate/pod-security/pod.ts';

interface PodSecurityCase {
  readonly file: string;
  readonly level: PodSecurityLevel;
  readonly expect: 'allowed' | 'denied';
  /** The failing control, in lower case. */
  readonly check: string | null;
  readonly versions: readonly string[];
}

export interface PodSecurityResult {
  readonly passed: number;
  readonly failed: number;
  /** `file version: what was found`. */
  readonly failures: readonly string[];
}

/**
 * Runs the Pod Security corpus: each pod against its level, in every version it is given for. Known to fail: what
 * 1.35 changed about procMount, which the checks Kyverno is built on do not know.
 */
export function runPodSecurity(corpusFolder: string): PodSecurityResult {
  const failures: string[] = [];
  let passed = 0;
  for (const item of readCases(corpusFolder)) {
    const pod = podOf(withDefaults(parse(readFileSync(join(corpusFolder, item.file), 'utf8')) as JsonObject));
    for (const version of item.versions) {
      const minor = parsePodSecurityVersion(version);
      const ids = pod && minor !== undefined ? evaluateStandard(pod, item.level, minor) : [];
      const found = ids.map(({ control }) => control.id.toLowerCase());
      if (isExpected(item, found)) passed++;
      else failures.push(`${item.file} ${version}: ${found.join(', ') || 'allowed'}`);
    }
  }
  return { passed, failed: failures.length, failures };
}

/** The corpus is written for pods as the API server stores them: a volume without a source is an emptyDir. */
function withDefaults(resource: JsonObject): JsonObject {
  const spec = memberAt(resource, 'spec');
  const volumes = memberAt(spec, 'volumes');
  if (!isJsonObject(spec) || !isJsonArray(volumes)) return resource;
  const filled = volumes.map((volume) =>
    isJsonObject(volume) && Object.keys(volume).length === 1 ? { ...volume, emptyDir: {} } : volume,
  );
  return { ...resource, spec: { ...spec, volumes: filled } };
}

function readCases(corpusFolder: string): readonly PodSecurityCase[] {
  const document = JSON.parse(readFileSync(join(corpusFolder, 'cases.json'), 'utf8')) as {
    readonly cases: readonly PodSecurityCase[];
  };
  return document.cases;
}

function isExpected({ expect, check }: PodSecurityCase, found: readonly string[]): boolean {
  if (expect === 'allowed') return found.length === 0;
  return check === null ? found.length > 0 : found.some((id) => id === check || id.startsWith(`${check}_`));
}
