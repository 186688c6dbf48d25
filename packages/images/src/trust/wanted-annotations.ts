import { isJsonObject, type Json, member } from '@vouchsafe/engine/kernel';
import { Refusal, shown } from './refusal.ts';

/** Requires each wanted annotation among the signed ones, as equal text. Refuses `annotation-mismatch`. */
export function checkAnnotations(signed: Json | undefined, wanted: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(wanted)) {
    const found = isJsonObject(signed) ? member(signed, key) : undefined;
    if (found === value) continue;
    const got = found === undefined ? 'none' : shown(JSON.stringify(found));
    const message = `annotation mismatch: expected \`${value}\` for key \`${key}\`, received ${got}`;
    throw new Refusal('annotation-mismatch', message, { wanted: `${key}=${value}`, got });
  }
}
