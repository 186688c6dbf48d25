import type { Command } from '../flags/command.ts';
import { applyCommand } from './apply/apply-command.ts';
import { demoCommand } from './demo/demo-command.ts';
import { explainCommand } from './explain/explain-command.ts';
import { sandboxCommand } from './sandbox/sandbox-command.ts';
import { testCommand } from './test/test-command.ts';
import { verifyCommand } from './verify/verify-command.ts';

/** Every verb, in the order help shows them. */
export const COMMANDS: readonly Command[] = [
  applyCommand,
  testCommand,
  verifyCommand,
  explainCommand,
  sandboxCommand,
  demoCommand,
];
