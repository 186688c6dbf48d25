import type { ObservedExchange, Registry } from '@vouchsafe/sandbox';
import { MIRRORED_HOSTS } from '../cluster/mirrored-hosts.ts';
import type { ScenarioImage } from './scenario.ts';

/** The images that the recorded objects name by a tag and the registry has. Who signed them is not to be seen here. */
export function imagesIn(exchanges: readonly ObservedExchange[], registry: Registry): readonly ScenarioImage[] {
  const names = new Set<string>();
  for (const { object, patch } of exchanges) {
    collectImages(object, names);
    collectImages(patch === undefined ? undefined : parsed(patch), names);
  }
  return [...names].filter((name) => isHeld(name, registry)).map((image) => ({ image }));
}

function isHeld(image: string, { content }: Registry): boolean {
  const [host = '', ...rest] = image.split('/');
  const path = rest.join('/');
  const colon = path.lastIndexOf(':');
  if (colon === -1 || !MIRRORED_HOSTS.some((known) => known === host)) return false;
  return content.manifest(path.slice(0, colon), path.slice(colon + 1)) !== undefined;
}

/** Every `image` member of a value, however deep. */
function collectImages(value: unknown, names: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === 'image' && typeof member === 'string') names.add(member.replace(/@sha256:[0-9a-f]{64}$/, ''));
    else collectImages(member, names);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // YAML of a server-side apply: its images are in what was applied before, or named by hand
  }
}
