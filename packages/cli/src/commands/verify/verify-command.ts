import type { Command } from '../../flags/command.ts';

/** One question about images: who vouches for them? Flags are named as cosign names them. */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'tell whether images carry a signature by the key or identity given, and why not',
  arguments: [{ name: 'image', summary: 'image references', variadic: true }],
  flags: [
    { flags: '--key <file>', summary: 'PEM public key' },
    { flags: '--certificate-identity <subject>', summary: 'subject of the signing certificate; * and ? are wildcards' },
    { flags: '--certificate-identity-regexp <re2>', summary: 'the same as a regular expression' },
    { flags: '--certificate-oidc-issuer <issuer>', summary: 'issuer of the identity; * and ? are wildcards' },
    { flags: '--certificate-oidc-issuer-regexp <re2>', summary: 'the same as a regular expression' },
    { flags: '--certificate-chain <file>', summary: 'PEM authorities that must have issued the certificate' },
    { flags: '--type <type>', summary: 'Cosign or SigstoreBundle', default: 'Cosign' },
    { flags: '-a, --annotations <key=value>', summary: 'annotation the signature must carry', repeatable: true },
    { flags: '--repository <name>', summary: 'repository that holds the signatures' },
    { flags: '--trusted-root <file>', summary: 'trusted_root.json (default: the public-good instance)' },
    { flags: '--registry-mirror <host=url>', summary: 'where a registry host is found instead', repeatable: true },
    { flags: '--allow-insecure-registry', summary: 'accept plain HTTP and unknown certificates' },
    { flags: '--insecure-ignore-tlog', summary: 'do not ask for an entry in the transparency log' },
    { flags: '--insecure-ignore-sct', summary: 'do not ask for a certificate timestamp' },
    { flags: '--sandbox', summary: 'use the registry and the trust root of the running sandbox' },
    { flags: '--home <dir>', summary: 'folder of that sandbox' },
    { flags: '-o, --output <format>', summary: 'text or json', default: 'text' },
    { flags: '--timeout <seconds>', summary: 'for each image', default: '30' },
  ],
  examples: [
    { line: 'vouchsafe verify --key cosign.pub ghcr.io/acme/app:v1', summary: 'signed with a key' },
    {
      line: 'vouchsafe verify --certificate-oidc-issuer https://token.actions.githubusercontent.com \\\n    --certificate-identity "https://github.com/acme/*" ghcr.io/acme/app:v1',
      summary: 'signed by a workflow',
    },
  ],
  run: async () => (await import('./verify.ts')).verify,
};
