// `node tools/check-lengths.ts`: no file of code, tests among them, is longer than 400 lines. Split one along what it is about.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MOST = 400;
const root = fileURLToPath(new URL('..', import.meta.url));

const files = execFileSync('git', ['ls-files', '-z', '*.ts', '*.mts', '*.mjs', '*.cjs'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && !file.includes('/generated/'));

function linesOf(file: string): number {
  try {
    return readFileSync(`${root}${file}`, 'utf8').split('\n').length - 1;
  } catch {
    return 0; // listed, but deleted in the work tree
  }
}

const long = files.flatMap((file) => {
  const lines = linesOf(file);
  return lines > MOST ? [{ file, lines }] : [];
});
const problems = long.map(({ file, lines }) => `${file}: ${lines} lines, ${MOST} at most`);
for (const problem of problems) console.error(problem);
console.log(`${files.length} files read, ${problems.length} findings`);
process.exit(problems.length > 0 ? 1 : 0);
