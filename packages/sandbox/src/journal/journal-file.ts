import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { JsonObject } from '../store/json-value.ts';
import type { StoreEvent, StoreJournal, StoreSnapshot } from '../store/resource-store.ts';

/**
 * When a journal asks the disk to keep what it wrote. Every policy writes before the answer goes out, so a
 * killed process (SIGKILL) loses nothing acknowledged; `always` also survives a crash of the machine.
 */
export type FsyncPolicy = 'always' | 'interval' | 'never';

/** Settings of a journal. */
export interface JournalOptions {
  readonly path: string;
  /** Default `interval`: once a second. */
  readonly fsync?: FsyncPolicy;
}

/** An open journal and the state it held. */
export interface Journal extends StoreJournal {
  /** State before this run; undefined for a new journal. */
  readonly initial: StoreSnapshot | undefined;
  /** Replaces the file by one line per object of `snapshot`. */
  compact(snapshot: StoreSnapshot): void;
  close(): void;
}

interface ChangeLine {
  readonly r: number;
  readonly s: string;
  readonly n: string;
  readonly m: string;
  /** Absent for a removal. */
  readonly o?: JsonObject;
}

const FSYNC_INTERVAL = 1_000;
const NEWLINE = 10;

/**
 * Opens an append-only file of JSON lines, one per change. A half-written last line, which a crash of the
 * machine may leave, is cut off; any other damage is an error, never silently skipped.
 */
export function openJournal({ path, fsync = 'interval' }: JournalOptions): Journal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { initial, length } = existsSync(path) ? replay(readFileSync(path)) : { initial: undefined, length: 0 };
  let file = openSync(path, 'a', 0o600);
  ftruncateSync(file, length);
  let dirty = false;
  const timer =
    fsync === 'interval'
      ? setInterval(() => {
          if (dirty) {
            dirty = false;
            fsyncSync(file);
          }
        }, FSYNC_INTERVAL)
      : undefined;
  timer?.unref();

  return {
    initial,
    append(event) {
      writeAll(file, lineOf(event));
      dirty = true;
      if (fsync === 'always') {
        fsyncSync(file);
      }
    },
    compact(snapshot) {
      const next = `${path}.next`;
      writeFileSync(next, snapshotText(snapshot), { mode: 0o600, flush: true });
      renameSync(next, path);
      closeSync(file);
      file = openSync(path, 'a', 0o600);
    },
    close() {
      clearInterval(timer);
      fsyncSync(file);
      closeSync(file);
    },
  };
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(file, bytes, written);
  }
}

function lineOf({ revision, type, current }: StoreEvent): string {
  const { storage, namespace, name, object } = current;
  const line: ChangeLine = {
    r: revision,
    s: storage,
    n: namespace,
    m: name,
    ...(type === 'DELETED' ? {} : { o: object }),
  };
  return `${JSON.stringify(line)}\n`;
}

function snapshotText({ revision, objects }: StoreSnapshot): string {
  const lines = objects.map(({ storage, namespace, name, object }) => {
    const line: ChangeLine = { r: revision, s: storage, n: namespace, m: name, o: object };
    return JSON.stringify(line);
  });
  // An empty cluster still has a revision to go on from.
  const marker: ChangeLine = { r: revision, s: '', n: '', m: '' };
  return `${[...lines, JSON.stringify(marker)].join('\n')}\n`;
}

function replay(bytes: Buffer): { initial: StoreSnapshot; length: number } {
  const objects = new Map<string, StoreSnapshot['objects'][number]>();
  const length = bytes.lastIndexOf(NEWLINE) + 1;
  let revision = 0;
  let number = 0;
  for (const text of bytes.toString('utf8', 0, length).split('\n')) {
    number += 1;
    if (text === '') {
      continue;
    }
    const { r, s, n, m, o } = parseLine(text, number);
    revision = Math.max(revision, r);
    const key = `${s}/${n}/${m}`;
    if (o === undefined) {
      objects.delete(key);
    } else {
      objects.set(key, { storage: s, namespace: n, name: m, object: o });
    }
  }
  return { initial: { revision, objects: [...objects.values()] }, length };
}

function parseLine(text: string, number: number): ChangeLine {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null && 'r' in line && typeof line.r === 'number') {
      // Lines are written by lineOf alone.
      return line as ChangeLine;
    }
  } catch {
    // Reported below with the line number.
  }
  throw new Error(`the journal is damaged at line ${number}`);
}
