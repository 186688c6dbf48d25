import type { Command } from '../flags/command.ts';
import { applyCommand } from './apply/apply-command.ts';
import { createCompletionCommand } from './completion/completion-command.ts';
import { createCommand } from './create/create-command.ts';
import { demoCommand } from './demo/demo-command.ts';
import { createDocsCommand } from './docs/docs-command.ts';
import { explainCommand } from './explain/explain-command.ts';
import { fixCommand } from './fix/fix-command.ts';
import { imagesCommand } from './images/images-command.ts';
import { jpCommand } from './jp/jp-command.ts';
import { lintCommand } from './lint/lint-command.ts';
import { migrateCommand } from './migrate/migrate-command.ts';
import { ociCommand } from './oci/oci-command.ts';
import { sandboxCommand } from './sandbox/sandbox-command.ts';
import { testCommand } from './test/test-command.ts';
import { verifyCommand } from './verify/verify-command.ts';
import { versionCommand } from './version/version-command.ts';

/** Every verb, in the order help shows them. */
export const COMMANDS: readonly Command[] = [
  applyCommand,
  testCommand,
  verifyCommand,
  imagesCommand,
  explainCommand,
  lintCommand,
  sandboxCommand,
  demoCommand,
  jpCommand,
  createCommand,
  fixCommand,
  ociCommand,
  migrateCommand,
  createDocsCommand(() => COMMANDS),
  createCompletionCommand(() => COMMANDS),
  versionCommand,
];
