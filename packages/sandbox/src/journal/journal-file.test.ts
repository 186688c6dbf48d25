import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createResourceStore } from '../store/resource-store.ts';
import { openJournal } from './journal-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function openStore(path = join(folder, 'journal.jsonl')) {
  const journal = openJournal({ path });
  const store = createResourceStore({
    journal,
    ...(journal.initial === undefined ? {} : { initial: journal.initial }),
  });
  return { journal, store };
}

describe('openJournal', () => {
  it('brings back every object and goes on above every revision, removals included', () => {
    const first = openStore();
    first.store.create('pods', 'n', 'a', { metadata: { name: 'a' } });
    const b = first.store.create('pods', 'n', 'b', { metadata: { name: 'b' } });
    if (b.ok) first.store.remove(b.stored);
    first.journal.close();
    const second = openStore();
    expect(second.store.list('pods').map(({ name }) => name)).toEqual(['a']);
    expect(second.store.revision).toBe(first.store.revision);
    second.journal.close();
  });

  it('compacts to the living objects without going back in revisions', () => {
    const first = openStore();
    for (let round = 0; round < 50; round += 1) {
      const stored = first.store.get('pods', 'n', 'a');
      if (stored === undefined) first.store.create('pods', 'n', 'a', { round });
      else first.store.update(stored, { round });
    }
    first.journal.compact(first.store.snapshot());
    first.store.create('pods', 'n', 'b', {});
    first.journal.close();
    expect(readFileSync(join(folder, 'journal.jsonl'), 'utf8').trim().split('\n').length).toBe(3);
    const second = openStore();
    expect(second.store.revision).toBe(first.store.revision);
    expect(second.store.get('pods', 'n', 'a')?.object['round']).toBe(49);
    second.journal.close();
  });

  it('cuts off a half-written last line and refuses other damage', () => {
    const path = join(folder, 'journal.jsonl');
    const first = openStore();
    first.store.create('pods', 'n', 'a', {});
    first.journal.close();
    appendFileSync(path, '{"r":99,"s":"po');
    const second = openStore();
    second.store.create('pods', 'n', 'b', {});
    second.journal.close();
    const third = openStore();
    expect(third.store.list('pods').map(({ name }) => name)).toEqual(['a', 'b']);
    third.journal.close();
    writeFileSync(path, `garbage\n${readFileSync(path, 'utf8')}`);
    expect(() => openStore()).toThrow('the journal is damaged at line 1');
  });

  it('loses nothing acknowledged when the process is killed', async () => {
    const path = join(folder, 'journal.jsonl');
    const script = join(folder, 'writer.ts');
    const room = new URL('.', import.meta.url).pathname;
    writeFileSync(
      script,
      `import { openJournal } from '${room}journal-file.ts';
       import { createResourceStore } from '${room}../store/resource-store.ts';
       const store = createResourceStore({ journal: openJournal({ path: ${JSON.stringify(path)} }) });
       for (let index = 0; ; index += 1) {
         store.create('pods', 'n', 'p' + index, { index });
         process.stdout.write(index + '\\n');
         if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
       }`,
    );
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        acknowledged += chunk.toString('utf8');
        if (acknowledged.length > 4000) child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
    const last = Number(acknowledged.slice(0, acknowledged.lastIndexOf('\n')).split('\n').at(-1));
    const { store, journal } = openStore();
    expect(last).toBeGreaterThan(100);
    expect(store.count('pods')).toBeGreaterThan(last);
    expect(store.get('pods', 'n', `p${last}`)?.object['index']).toBe(last);
    journal.close();
  });
});
