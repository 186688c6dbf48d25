import type { JsonObject } from '@vouchsafe/engine/kernel';

/** Where the API server finds us. */
export type WebhookTarget =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string; readonly port: number }
  | { readonly kind: 'url'; readonly base: string };

/** `clientConfig` of a webhook; `caBundle` is PEM. */
export function clientConfigOf(path: string, target: WebhookTarget, caBundle: string): JsonObject {
  const bundle = Buffer.from(caBundle).toString('base64');
  return target.kind === 'url'
    ? { url: `${target.base}${path}`, caBundle: bundle }
    : { service: { namespace: target.namespace, name: target.name, port: target.port, path }, caBundle: bundle };
}
