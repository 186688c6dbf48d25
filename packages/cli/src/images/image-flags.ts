import type { FlagSpec } from '../flags/command.ts';
import { REGISTRY_HOST_FLAGS } from '../flags/registry-flags.ts';

/** The flags every command about images has. Apart from what reads them, which is not loaded to list commands. */
export const IMAGE_FLAGS: readonly FlagSpec[] = [
  { flags: '--repository <name>', summary: 'repository that holds the signatures' },
  { flags: '--trusted-root <file>', summary: 'trusted_root.json (default: the public-good instance)' },
  { flags: '--trust-root <file>', summary: 'the same', hidden: true },
  { flags: '--tuf-mirror <url>', summary: 'TUF repository that hands out the trusted_root.json' },
  { flags: '--tuf-root <file>', summary: 'root.json that mirror is trusted by; the public-good one is built in' },
  { flags: '--layout <dir>', summary: 'look in this OCI image layout, and at no registry' },
  ...REGISTRY_HOST_FLAGS,
  {
    flags: '--signature-origin <registry/path=registry/path>',
    summary: 'where the signatures of images below the first are: of a cache that fetches images alone',
    repeatable: true,
  },
  {
    flags: '--registry-provider <name>',
    summary: 'google, amazon, azure or github: log in as this machine or its environment',
    repeatable: true,
  },
  { flags: '--allow-insecure-registry', summary: 'accept plain HTTP and unknown certificates' },
  { flags: '--sandbox', summary: 'use the registry and the trust root of the running sandbox' },
  { flags: '--home <dir>', summary: 'folder of that sandbox' },
  { flags: '--timeout <seconds>', summary: 'for each image', default: '30' },
];
