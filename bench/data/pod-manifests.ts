import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { isJsonObject, memberAt, withMember } from '@vouchsafe/engine/kernel';
import { stringify } from 'yaml';
import { podReview } from './pod-review.ts';

const NAME = 'pod-name-placeholder';
/** Of so many Pods the first has a privileged container. */
const PERIOD = 100;

/** Writes `count` Pods as `kubectl get -o yaml` prints them, about 6 KB each, one document after the other; the same each time. */
export async function writePods(path: string, count: number): Promise<void> {
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
