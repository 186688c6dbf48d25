// The engine for a browser keeps to its size: packages/engine/size-budget.json says how many bytes it may have, minified and
// gzipped. Grown on purpose? Raise the budget in the same commit and say why. Much smaller? Lower it.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { bundleForBrowser } from '../conformance/browser/bundle-for-browser.ts';

interface Budget {
  readonly minified: number;
  readonly gzipped: number;
}

const file = new URL('../packages/engine/size-budget.json', import.meta.url);
const budget = JSON.parse(readFileSync(file, 'utf8')) as Budget; // the file beside this check
const code = Buffer.from(await bundleForBrowser('packages/engine/src/index.ts', 'esm'));
const size: Budget = { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };

const tell = (key: keyof Budget): string => `${key} ${size[key]} of ${budget[key]} bytes`;
const over = (['minified', 'gzipped'] as const).filter((key) => size[key] > budget[key]);
console.log(`engine for a browser: ${tell('minified')}, ${tell('gzipped')}`);
if (over.length > 0) {
  console.error(`over the budget: ${over.map(tell).join(', ')}`);
  process.exit(1);
}
