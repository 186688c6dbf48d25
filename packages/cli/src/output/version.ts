import manifest from '../../package.json' with { type: 'json' };

/** The version all packages share. */
export const VERSION: string = manifest.version;
