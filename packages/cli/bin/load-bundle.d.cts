/** See `load-bundle.cjs`. */
export function loadBundle<Exports>(
  entry: string,
  options?: { readonly collect?: boolean },
): { readonly exports: Exports; save(): void };
