import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonArray, isJsonObject, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { decodeBase64, parseJsonObject } from '../trust/encoded-text.ts';
import type { KeptFiles } from './tuf-client.ts';

/** The sum of the bounds of all files, in base64, with room for new roots. */
const maximumBytes = 64 * 1024 * 1024;

/** A place that outlives the process: one file for each mirror and first root. Nothing in it is believed without a check. */
export interface FileKeeper {
  load(): Promise<KeptFiles | undefined>;
  /** Replaces the file as a whole. Rejects when the folder cannot be written. */
  save(files: KeptFiles): Promise<void>;
}

export function createFileKeeper(folder: string, mirror: string, firstRoot: Uint8Array): FileKeeper {
  const name = createHash('sha256').update(mirror).update('\n').update(firstRoot).digest('hex').slice(0, 32);
  const path = join(folder, `${name}.json`);
  return {
    async load() {
      try {
        if ((await stat(path)).size > maximumBytes) return undefined;
        return filesOf(parseJsonObject(await readFile(path)));
      } catch {
        // Nothing was kept, or not readably: the mirror has it.
        return undefined;
      }
    },
    async save({ roots, delegated = new Map(), ...files }) {
      await mkdir(folder, { recursive: true });
      const text = (bytes: Buffer) => bytes.toString('base64');
      const others = Object.entries(files).map(([key, bytes]) => [key, text(bytes)]);
      const ofRoles = Object.fromEntries([...delegated].map(([role, bytes]) => [role, text(bytes)]));
      const document = { roots: roots.map(text), delegated: ofRoles, ...Object.fromEntries(others) };
      const partial = `${path}.${randomUUID()}`;
      await writeFile(partial, JSON.stringify(document), { mode: 0o600 });
      await rename(partial, path).catch(async (error: unknown) => {
        await rm(partial, { force: true });
        throw error;
      });
    },
  };
}

function filesOf(document: JsonObject | undefined): KeptFiles | undefined {
  const list = document === undefined ? undefined : member(document, 'roots');
  if (document === undefined || !isJsonArray(list)) return undefined;
  const roots = list.flatMap((item) => decodeBase64(item) ?? []);
  const found: { -readonly [Name in keyof KeptFiles]: KeptFiles[Name] } = { roots };
  for (const name of ['timestamp', 'snapshot', 'targets', 'target'] as const) {
    const bytes = decodeBase64(member(document, name));
    if (bytes !== undefined) found[name] = bytes;
  }
  const ofRoles = member(document, 'delegated');
  if (isJsonObject(ofRoles)) {
    found.delegated = new Map(
      Object.entries(ofRoles).flatMap(([role, text]) => {
        const bytes = decodeBase64(text);
        return bytes === undefined ? [] : [[role, bytes] as const];
      }),
    );
  }
  return found;
}
