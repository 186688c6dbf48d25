import type { Command } from '../../flags/command.ts';
import { IMAGE_FLAGS } from '../../images/image-flags.ts';

/** What is known about images before anybody is trusted. */
export const imagesCommand: Command = {
  name: 'images',
  summary: 'list who signed and attested images, and the policy entry that would accept that',
  arguments: [{ name: 'image', summary: 'image references', variadic: true }],
  flags: [
    { flags: '-o, --output <format>', summary: 'table or json', default: 'table' },
    {
      flags: '--key <file>',
      summary: 'PEM public key, or a reference such as hashivault://name, to try',
      repeatable: true,
    },
    ...IMAGE_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe images ghcr.io/acme/app:v1', summary: 'everything that vouches for one image' },
    { line: 'vouchsafe images --key cosign.pub ghcr.io/acme/app:v1', summary: 'which signatures are of that key' },
    { line: 'vouchsafe images --layout ./saved app:v1', summary: 'saved to a folder, without a network' },
  ],
  run: async () => (await import('./images.ts')).images,
};
