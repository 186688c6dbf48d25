import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../golden-case.ts';
import { findCases, readCase, runCase } from '../run-case.ts';
import { bundleForBrowser } from './bundle-for-browser.ts';
import { CHROMIUM, runInChromium } from './chromium.ts';
import type { WorkerAnswer } from './golden-worker.ts';

const cases = findCases(join(import.meta.dirname, '../cases'));

/** In a realm that has the globals of ECMAScript and a worker's messages, and nothing else: no Node, no DOM, no code from texts. */
function runInRealm(script: string, data: unknown): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    const scope = createContext({}, { codeGeneration: { strings: false, wasm: false } });
    scope['postMessage'] = (answer: WorkerAnswer) => resolve(JSON.parse(JSON.stringify(answer)) as WorkerAnswer);
    try {
      runInContext(script, scope, { filename: 'worker.js' });
      // Texts cross realms unchanged; objects are made inside.
      runInContext(`onmessage({ data: JSON.parse(${JSON.stringify(JSON.stringify(data))}) })`, scope);
    } catch (error) {
      reject(error);
    }
  });
}

describe('the engine in a browser worker', () => {
  let script = '';
  let expected: readonly Outcome[] = [];
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  beforeAll(async () => {
    script = await bundleForBrowser('conformance/browser/golden-worker.ts');
    expected = await Promise.all(cases.map(runCase));
  });

  it('is one script that loads nothing', () => {
    const forbidden = /\brequire\(|\bimport\(|new Function\(/.exec(script);
    expect(forbidden && script.slice(forbidden.index, forbidden.index + 40)).toBeNull();
  });

  it('comes to the same outcomes in a realm without Node', async () => {
    const answer = await runInRealm(script, cases.map(readCase));
    expect(answer).toMatchObject({ ok: true });
    if (answer.ok) expect(plain(answer.outcomes)).toEqual(plain(expected));
  });

  it.skipIf(!existsSync(CHROMIUM))(
    'comes to the same outcomes in a worker of Chromium',
    async () => {
      const answer = await runInChromium(script, cases.map(readCase));
      expect(answer).toMatchObject({ ok: true });
      if (answer.ok) expect(plain(answer.outcomes)).toEqual(plain(expected));
    },
    60_000,
  );
});
