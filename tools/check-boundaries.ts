// `node tools/check-boundaries.ts`: holds every import against boundaries.json.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBoundaries } from './boundaries/check-boundaries.ts';
import { readBoundaries, readSourceTree } from './boundaries/read-source-tree.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tree = readSourceTree(root);
const violations = checkBoundaries(tree, readBoundaries(root));
for (const { file, line, message, why } of violations) console.error(`${file}:${line}: ${message} (${why})`);
console.log(`${tree.files.size} files read, ${violations.length} walls crossed`);
process.exit(violations.length > 0 ? 1 : 0);
