// `node tools/check-words.ts`: no path of one machine and no download address in the tree (lockfile included).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const RULES: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /(^|[^A-Za-z0-9_.])\/(work|farm|root|home)\/[a-z]/, why: 'a path of one machine' },
  { pattern: /"resolved": "[a-z]+:\/\//, why: 'a download address: the lockfile names versions and digests only' },
  { pattern: /\/tmp\/[A-Za-z_]+_jobs/, why: 'a path of one machine' },
];
const BINARY = /\.(png|ico|gz|tgz|zip|der|bin|woff2?)$/;

const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
  .split('\0')
  .filter(
    (file) =>
      file !== '' && !BINARY.test(file) && !file.startsWith('conformance/cases/') && file !== 'tools/check-words.ts',
  );
let found = 0;
for (const file of files) {
  let text: string;
  try {
    text = readFileSync(`${root}${file}`, 'utf8');
  } catch {
    continue; // listed, but deleted in the work tree
  }
  for (const [index, line] of text.split('\n').entries()) {
    const rule = RULES.find(({ pattern }) => pattern.test(line));
    if (!rule) continue;
    found++;
    console.error(`${file}:${index + 1}: ${rule.why}`);
  }
}
console.log(`${files.length} files read, ${found} findings`);
process.exit(found > 0 ? 1 : 0);
