import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '@vouchsafe/engine/kernel';
import { parse } from 'yaml';
import { type GoldenCase, type Outcome, runGoldenCase } from './golden-case.ts';

/**
 * A case is a folder: `policy.yaml` (policies and exceptions), `resource.yaml` (what is submitted), and as needed
 * `old.yaml`, `request.yaml` (operation, userInfo, roles, namespaceLabels …), `facts.yaml` (what the world answers) and
 * `expect.yaml`, of which only the parts that are given are compared.
 */
export interface Case {
  readonly name: string;
  readonly folder: string;
}

export function findCases(root: string): readonly Case[] {
  return readdirSync(root)
    .flatMap((area) =>
      readdirSync(join(root, area)).map((name) => ({ name: `${area}/${name}`, folder: join(root, area, name) })),
    )
    .filter(({ folder }) => statSync(folder).isDirectory())
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function readExpectation({ folder }: Case): JsonObject {
  return readYaml(folder, 'expect.yaml') ?? {};
}

export function readCase({ name, folder }: Case): GoldenCase {
  return {
    name,
    policy: readFileSync(join(folder, 'policy.yaml'), 'utf8'),
    resource: readYaml(folder, 'resource.yaml'),
    old: readYaml(folder, 'old.yaml'),
    request: readYaml(folder, 'request.yaml'),
    facts: readYaml(folder, 'facts.yaml'),
  };
}

export function runCase(golden: Case): Promise<Outcome> {
  return runGoldenCase(readCase(golden));
}

function readYaml(folder: string, file: string): JsonObject | undefined {
  const path = join(folder, file);
  if (!existsSync(path)) return undefined;
  const value: unknown = parse(readFileSync(path, 'utf8'));
  return isJsonObject(value) ? value : undefined;
}
