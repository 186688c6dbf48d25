import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJsonObject, memberAt, withMember } from '@vouchsafe/engine/kernel';
import { stringify } from 'yaml';
import { podReview } from './pod-review.ts';

const POD_SECURITY = fileURLToPath(new URL('pod-security.yaml', import.meta.url));

/** Files a folder holds after `writeInputs`; Pods are `pods-N.yaml`. */
export const FILES = {
  one: 'one-policy.yaml',
  podSecurity: 'pod-security.yaml',
  twoHundred: 'two-hundred.yaml',
  mutate: 'mutate.yaml',
} as const;

/** Writes the policies, and Pods in each of these numbers. */
export async function writeInputs(folder: string, counts: readonly number[]): Promise<void> {
  const text = readFileSync(POD_SECURITY, 'utf8');
  const [, first = ''] = text.split(/^---$/m);
  await writeFile(join(folder, FILES.podSecurity), text);
  await writeFile(join(folder, FILES.one), first);
  await writeFile(join(folder, FILES.twoHundred), twoHundred(text));
  await writeFile(join(folder, FILES.mutate), stringify(MUTATE));
  for (const count of counts) await writePods(join(folder, `pods-${count}.yaml`), count);
}

/** The seventeen policies twelve times, each time under other names. */
function twoHundred(text: string): string {
  const copies = Array.from({ length: 12 }, (_, copy) =>
    text.replace(/"metadata": \{\s*"name": "/g, (start) => `${start}copy-${copy}-`),
  );
  return copies.join('\n---\n');
}

const MUTATE = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'add-defaults' },
  spec: {
    rules: [
      {
        name: 'add-defaults',
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        mutate: {
          patchStrategicMerge: {
            metadata: { labels: { '+(owner)': 'nobody', checked: 'true' } },
            spec: { containers: [{ '(name)': '*', imagePullPolicy: 'Always' }] },
          },
        },
      },
    ],
  },
};

const NAME = 'pod-name-placeholder';
/** Of so many Pods the first has a privileged container. */
const PERIOD = 100;

/** Pods as `kubectl get -o yaml` prints them, about 6 KB each, one document after the other; the same each time. */
async function writePods(path: string, count: number): Promise<void> {
  const [clean, privileged] = [false, true].map((isPrivileged) => manifest(isPrivileged));
  const file = createWriteStream(path);
  for (let index = 0; index < count; index += 1) {
    const text = (index % PERIOD === 0 ? privileged : clean) ?? '';
    const named = text.replaceAll(NAME, `service-${String(index).padStart(6, '0')}`);
    if (!file.write(named)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

function manifest(privileged: boolean): string {
  const object = memberAt(podReview({ privileged }), 'request', 'object');
  const metadata = memberAt(object, 'metadata');
  if (!isJsonObject(object) || !isJsonObject(metadata)) throw new Error('a review has an object with metadata');
  const named = withMember(object, 'metadata', withMember(metadata, 'name', NAME));
  // As kubectl prints: items of lists are not indented, and no anchors for what is equal.
  return `---\n${stringify(named, { indentSeq: false, aliasDuplicateObjects: false, lineWidth: 0 })}`;
}
