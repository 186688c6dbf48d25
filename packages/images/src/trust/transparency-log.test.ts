import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type InclusionProof, isIncluded } from './merkle-proof.ts';
import { attempt } from './refusal.ts';
import { checkLogEntry, type LogEntry } from './transparency-log.ts';
import type { TrustedLog } from './trust-root.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const id = createHash('sha256')
  .update(pair.publicKey.export({ type: 'spki', format: 'der' }))
  .digest();
const log: TrustedLog = { id, key: pair.publicKey, validity: { start: 0, end: undefined }, noteKey: undefined };
const body = Buffer.from('{"kind":"x"}');
const other = createHash('sha256').update('other leaf').digest();
const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leaf = hash(Buffer.from([0]), body);
const root = hash(Buffer.from([1]), leaf, other);

function note(
  changes: { origin?: string; name?: string; size?: string; root?: string; hint?: Buffer; separator?: string } = {},
): string {
  const origin = changes.origin ?? 'log.test - 77';
  const text = `${origin}\n${changes.size ?? '2'}\n${changes.root ?? root.toString('base64')}\n`;
  const signature = sign('sha256', Buffer.from(text), pair.privateKey);
  const encoded = Buffer.concat([changes.hint ?? id.subarray(0, 4), signature]).toString('base64');
  return `${text}\n\u2014 ${changes.name ?? 'log.test'} ${encoded}\n`;
}

const proof = (changes: Partial<InclusionProof> = {}): InclusionProof => ({
  logIndex: 0,
  treeSize: 2,
  rootHash: root,
  hashes: [other],
  checkpoint: note(),
  ...changes,
});
const entry = (changes: Partial<InclusionProof> = {}): LogEntry => ({
  body,
  logId: id,
  logIndex: 0,
  integratedTime: undefined,
  promise: undefined,
  proof: proof(changes),
});
const judge = (one: LogEntry, logs = [log]) => attempt(() => checkLogEntry(one, logs, { promise: false, proof: true }));

describe('an inclusion proof', () => {
  it('holds, also where the note has lines of others', () => {
    expect(judge(entry())).toMatchObject({ ok: true, value: { time: undefined } });
    const witness = `\u2014 witness.test ${Buffer.alloc(40).toString('base64')}\n`;
    expect(judge(entry({ checkpoint: `${note()}${witness}` })).ok).toBe(true);
    expect(judge(entry({ checkpoint: note({ origin: 'log.test' }) })).ok).toBe(true);
  });

  it.each<[string, Partial<InclusionProof>, string]>([
    ['of another index', { logIndex: 1 }, 'does not lead'],
    ['of an index outside of the tree', { logIndex: 2 }, 'does not lead'],
    ['with too many hashes', { hashes: [other, other] }, 'does not lead'],
    ['with too few hashes', { hashes: [] }, 'does not lead'],
    ['with a short hash', { hashes: [other.subarray(1)] }, 'does not lead'],
    ['of a tree that is larger than the checkpoint says', { treeSize: 3 }, 'another tree'],
    ['of another root', { rootHash: other }, 'another tree'],
    ['without a checkpoint', { checkpoint: undefined }, 'no checkpoint'],
    ['with a checkpoint in another name', { checkpoint: note({ name: 'evil.test' }) }, 'not signed by its log'],
    ['with a checkpoint in a name that is a part', { checkpoint: note({ name: 'log.tes' }) }, 'not signed by its log'],
    ['with another key hint', { checkpoint: note({ hint: Buffer.alloc(4) }) }, 'not signed by its log'],
    ['with a malformed size', { checkpoint: note({ size: '02' }) }, 'malformed'],
    ['with a short root', { checkpoint: note({ root: 'AAAA' }) }, 'malformed'],
    ['with an unsigned checkpoint', { checkpoint: note().split('\n\n')[0] ?? '' }, 'no signature'],
  ])('%s is refused', (_name, changes, text) => {
    expect(judge(entry(changes))).toMatchObject({
      ok: false,
      failure: { reason: 'no-log-entry', message: expect.stringContaining(text) },
    });
  });

  it('that ends below the root of a larger tree is refused', () => {
    const small = { logIndex: 0, treeSize: 2, rootHash: root, hashes: [other], checkpoint: undefined };
    expect(isIncluded(body, small)).toBe(true);
    expect(isIncluded(body, { ...small, treeSize: 4 })).toBe(false);
    expect(isIncluded(body, { ...small, treeSize: 1 })).toBe(false);
    expect(isIncluded(body, { ...small, rootHash: leaf, hashes: [], treeSize: 1 })).toBe(true);
    expect(isIncluded(body, { ...small, rootHash: leaf, hashes: [] })).toBe(false);
  });

  it('with a checkpoint of another log that has the same key is refused', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const noteKey = Buffer.from([0x0a, 1, ...raw]);
    const named = (origin: string) => hash(Buffer.from(origin), noteKey);
    const trusted: TrustedLog = { ...log, id: named('one.log.test'), key: publicKey, noteKey };
    const checkpointOf = (origin: string, hint: Uint8Array = named(origin)): string => {
      const text = `${origin}\n2\n${root.toString('base64')}\n`;
      const line = Buffer.concat([hint.subarray(0, 4), sign(null, Buffer.from(text), privateKey)]).toString('base64');
      return `${text}\n\u2014 ${origin} ${line}\n`;
    };
    const ask = (checkpoint: string) => judge({ ...entry({ checkpoint }), logId: trusted.id }, [trusted]);
    expect(ask(checkpointOf('one.log.test')).ok).toBe(true);
    for (const hint of [named('two.log.test'), trusted.id]) {
      expect(ask(checkpointOf('two.log.test', hint))).toMatchObject({
        ok: false,
        failure: { message: 'the checkpoint is of another log' },
      });
    }
  });

  it('of a log that is not trusted is refused', () => {
    expect(judge(entry(), []).ok).toBe(false);
    expect(judge(entry(), [{ ...log, id: other }]).ok).toBe(false);
  });
});
