import { type JsonObject, jsonSize } from '@vouchsafe/engine/kernel';

/** What statements come to (`jsonSize`); more than `most` when they come to more. */
export function statementSize(statements: readonly JsonObject[], most: number): number {
  let size = 0;
  for (const statement of statements) {
    size += jsonSize(statement, most - size);
    if (size > most) break;
  }
  return size;
}
