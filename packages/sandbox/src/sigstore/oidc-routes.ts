import { publishedKeys } from './identity-token.ts';
import { jsonAnswer, type ServiceRoute } from './service-routes.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import type { SigstoreUrls } from './trusted-root.ts';

/** Discovery documents of the token issuer (OpenID Connect Discovery 1.0 §4). Tokens are handed out in the process. */
export function oidcRoutes(services: SigstoreServices, urls: SigstoreUrls): ServiceRoute[] {
  const configuration = {
    issuer: urls.oidc,
    jwks_uri: `${urls.oidc}/keys`,
    authorization_endpoint: `${urls.oidc}/auth`,
    token_endpoint: `${urls.oidc}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
  return [
    ({ path }) => (path === '/.well-known/openid-configuration' ? jsonAnswer(configuration) : undefined),
    ({ path }) => (path === '/keys' ? jsonAnswer(publishedKeys(services.authorities.oidc)) : undefined),
  ];
}
