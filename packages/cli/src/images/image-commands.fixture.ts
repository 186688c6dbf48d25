import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Registry, startRegistry } from '@vouchsafe/sandbox/registry';
import { type Sigstore, startSigstore } from '@vouchsafe/sandbox/sigstore';
import type { CommandIo, FlagValues } from '../flags/command.ts';

/** A command about images, as its file exports it. */
type ImageCommand = (images: readonly string[], flags: FlagValues, io: CommandIo) => Promise<number>;

export interface ImageCommandRig {
  readonly registry: Registry;
  readonly sigstore: Sigstore;
  /** Of this test alone. */
  readonly folder: string;
  /** The file's path. */
  write(name: string, text: string): string;
  /** Runs the command, or another one; `registry.test` is the registry, and the trust root is that of `sigstore`. */
  run(
    images: readonly string[],
    flags?: FlagValues,
    other?: ImageCommand,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  stop(): Promise<void>;
}

export async function startImageCommandRig(command: ImageCommand, always: FlagValues = {}): Promise<ImageCommandRig> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-images-'));
  const [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  const rig: ImageCommandRig = {
    registry,
    sigstore,
    folder,
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    async run(images, flags = {}, other = command) {
      const told = { stdout: '', stderr: '' };
      const to = (name: 'stdout' | 'stderr') => (text: string) => {
        told[name] += text;
      };
      const io = { stdout: to('stdout'), stderr: to('stderr'), env: {}, cwd: folder, isTerminal: false };
      const given = {
        timeout: '5',
        registryMirror: [`registry.test=${registry.url}`],
        trustedRoot: join(folder, 'root.json'),
        ...always,
        ...flags,
      };
      return { code: await other(images, given, io), ...told };
    },
    async stop() {
      await Promise.all([registry.stop(), sigstore.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
  rig.write('root.json', JSON.stringify(sigstore.trustedRoot));
  return rig;
}
