import type { rulesOf } from '@vouchsafe/engine';
import { isJsonArray, member, memberAt } from '@vouchsafe/engine/kernel';

const CONTAINERS = 'containers';
const OTHER_CONTAINERS = ['initContainers', 'ephemeralContainers'];

/** Of a rule with a `foreach` over the containers of a Pod: its lists, and the fields with other containers that none names. */
export function leftOutContainers({ validate, mutate }: ReturnType<typeof rulesOf>[number]): {
  readonly lists: readonly string[];
  readonly fields: readonly string[];
} {
  const lists = [validate, mutate].flatMap((part) => {
    const loops = part && member(part, 'foreach');
    return isJsonArray(loops) ? loops.flatMap((loop) => memberAt(loop, 'list') ?? []) : [];
  });
  const texts = lists.filter((list) => typeof list === 'string');
  if (!texts.some((list) => isOverContainers(list))) return { lists: texts, fields: [] };
  return { lists: texts, fields: OTHER_CONTAINERS.filter((field) => !texts.some((list) => list.includes(field))) };
}

/** `request.object.spec.containers`, `request.object.spec.template.spec.containers[]`. */
function isOverContainers(list: string): boolean {
  return list.replaceAll(/\s|\[\]$/g, '').endsWith(`.${CONTAINERS}`);
}
