/** `` is the condition anchor `(k)`, `<` global, `X` negation, `+` add if absent, `=` equality, `^` existence. */
export type AnchorModifier = '' | '<' | 'X' | '+' | '=' | '^';

export interface Anchor {
  readonly modifier: AnchorModifier;
  readonly key: string;
}

const ANCHOR = /^([+<=X^]?)\((.+)\)$/;

/** The anchor a pattern key stands for; `undefined` for an ordinary key (kyverno-core §2.9). */
export function parseAnchor(key: string): Anchor | undefined {
  if (!key.includes('(')) return undefined;
  const found = ANCHOR.exec(key.trim());
  if (!found) return undefined;
  const [, modifier = '', name = ''] = found;
  // The expression admits these modifiers only.
  return { modifier: modifier as AnchorModifier, key: name };
}

export function formatAnchor({ modifier, key }: Anchor): string {
  return `${modifier}(${key})`;
}

/** A path with the anchors of its segments removed: `/spec/(image)/` is `/spec/image`. */
export function removeAnchors(path: string): string {
  const parts = path.split('/').map((part) => parseAnchor(part)?.key ?? part);
  const kept = parts.filter((part) => part !== '' && part !== '.').join('/');
  return path.startsWith('/') ? `/${kept}` : kept;
}
