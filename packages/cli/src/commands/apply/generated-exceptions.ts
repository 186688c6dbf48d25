import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { Finding } from '../../evaluation/finding.ts';
import { objectAt, textAt, textsAt } from '../../inputs/read-fields.ts';
import { toYaml } from '../../output/yaml.ts';

/** A PolicyException for each failure of a cluster policy, which lives for `ttl` (kyverno-core §5.2). */
export function renderExceptions(findings: readonly Finding[], ttl: string, format: 'yaml' | 'json'): string {
  return findings
    .filter(({ policy, status }) => !policy.namespace && status === 'fail')
    .map((finding) => toException(finding, ttl))
    .map((exception) => `---\n${format === 'json' ? JSON.stringify(exception) : toYaml(exception)}\n`)
    .join('');
}

function toException({ policy, result, resource }: Finding, ttl: string): object {
  const { rule, properties } = result;
  const isGenerated = rule.startsWith('autogen-');
  const controls = properties?.['controlsJSON'];
  return {
    apiVersion: 'kyverno.io/v2beta1',
    kind: 'PolicyException',
    metadata: {
      name: [policy.name, rule, resource.namespace, resource.name].join('-'),
      ...(ttl === '0' ? {} : { labels: { 'cleanup.kyverno.io/ttl': toGoDuration(ttl) } }),
    },
    spec: {
      match: {
        all: [
          {
            resources: {
              kinds: [resource.kind, ...(isGenerated ? ownedKinds(resource.kind) : [])],
              names: [resource.name, ...(isGenerated ? [`${resource.name}-*`] : [])],
              namespaces: [resource.namespace],
            },
          },
        ],
      },
      exceptions: [{ policyName: policy.name, ruleNames: ruleNames(rule, resource.kind) }],
      ...(controls === undefined ? {} : { podSecurity: toPodSecurity(controls) }),
    },
  };
}

/** What a controller makes falls under the rules as written. */
function ownedKinds(kind: string): readonly string[] {
  return kind === 'CronJob' ? ['Job', 'Pod'] : ['Pod'];
}

function ruleNames(rule: string, kind: string): readonly string[] {
  if (!rule.startsWith('autogen-')) return [rule];
  if (kind !== 'CronJob') return [rule, rule.slice('autogen-'.length)];
  const plain = rule.slice('autogen-cronjob-'.length);
  return [rule, `autogen-${plain}`, plain];
}

function toPodSecurity(controls: string): readonly object[] {
  const parsed: unknown = JSON.parse(controls); // written by the engine
  const list = Array.isArray(parsed) ? parsed : [];
  return list.map((control: JsonObject) => {
    const images = textsAt(objectAt({ control }, 'control'), 'images');
    return {
      controlName: textAt(control, 'name') || textAt(control, 'Name'),
      ...(images.length > 0 ? { images: images.map((image) => image.replace(/:.*|@.*/, '*')) } : {}),
    };
  });
}

/** `720h` as Go prints it: `720h0m0s`. */
function toGoDuration(text: string): string {
  return /^\d+h$/.test(text) ? `${text}0m0s` : text;
}
