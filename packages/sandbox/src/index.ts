/** `@vouchsafe/sandbox`: a cluster you can hold in your hand. */
export * from './registry/index.ts';
export * from './sigstore/index.ts';
