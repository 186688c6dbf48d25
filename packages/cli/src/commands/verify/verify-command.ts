import type { Command } from '../../flags/command.ts';
import { IMAGE_FLAGS } from '../../images/image-flags.ts';

/** One question about images: who vouches for them? Flags are named as cosign names them. */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'tell whether images carry a signature by the key or identity given, and why not',
  arguments: [{ name: 'image', summary: 'image references', variadic: true }],
  flags: [
    {
      flags: '--policy <path>',
      summary: 'policies that say who must have signed: file, folder, URL or oci:// artifact',
      repeatable: true,
    },
    {
      flags: '-n, --namespace <name>',
      summary: 'with policies: the namespace the images would run in',
      default: 'default',
    },
    { flags: '--key <file>', summary: 'PEM public key, or a reference such as hashivault://name' },
    { flags: '--certificate-identity <subject>', summary: 'subject of the signing certificate; * and ? are wildcards' },
    { flags: '--certificate-identity-regexp <re2>', summary: 'the same as a regular expression' },
    { flags: '--certificate-oidc-issuer <issuer>', summary: 'issuer of the identity; * and ? are wildcards' },
    { flags: '--certificate-oidc-issuer-regexp <re2>', summary: 'the same as a regular expression' },
    { flags: '--certificate-chain <file>', summary: 'PEM authorities that must have issued the certificate' },
    { flags: '--type <type>', summary: 'Cosign, SigstoreBundle or Notary alone; else whichever is there' },
    { flags: '-a, --annotations <key=value>', summary: 'annotation the signature must carry', repeatable: true },
    { flags: '--insecure-ignore-tlog', summary: 'do not ask for an entry in the transparency log' },
    { flags: '--insecure-ignore-sct', summary: 'do not ask for a certificate timestamp' },
    { flags: '-o, --output <format>', summary: 'text, table, json or sarif', default: 'text' },
    { flags: '--accept-any-statement', summary: 'any bundle about the image is a signature, as for cosign 3' },
    ...IMAGE_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe verify --key cosign.pub ghcr.io/acme/app:v1', summary: 'signed with a key' },
    {
      line: 'vouchsafe verify --certificate-oidc-issuer https://token.actions.githubusercontent.com \\\n    --certificate-identity "https://github.com/acme/*" ghcr.io/acme/app:v1',
      summary: 'signed by a workflow',
    },
    {
      line: 'vouchsafe verify --policy ./policies ghcr.io/acme/app:v1',
      summary: 'as policies would judge a Pod with it',
    },
    {
      line: 'vouchsafe verify --key cosign.pub --layout ./saved app:v1',
      summary: 'saved to a folder, without a network',
    },
  ],
  run: async () => (await import('./verify.ts')).verify,
};
