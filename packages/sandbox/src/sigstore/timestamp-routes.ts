import { derInteger } from '@vouchsafe/kube/pki';
import { refusal, type ServiceAnswer, type ServiceRequest, type ServiceRoute } from './service-routes.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import { encodeImprint, readTimestampRequest, type TimestampRequest } from './timestamp-authority.ts';

/** RFC 3161 over HTTP, in DER and in the JSON form of Sigstore's timestamp authority. */
export function timestampRoutes(services: SigstoreServices): ServiceRoute[] {
  const { timestampSigner, timestampRoot } = services.authorities;
  return [
    (request) => {
      if (request.method !== 'POST' || request.path !== '/api/v1/timestamp') return undefined;
      const wanted = (request.headers['content-type'] ?? '').includes('json')
        ? fromJson(request.json())
        : readTimestampRequest(request.body);
      return wanted === undefined ? refusal(400, 'the timestamp request is malformed') : stamp(services, wanted);
    },
    ({ path }: ServiceRequest) =>
      path === '/api/v1/timestamp/certchain'
        ? {
            status: 200,
            contentType: 'application/pem-certificate-chain',
            body: timestampSigner.certificatePem + timestampRoot.certificatePem,
          }
        : undefined,
  ];
}

function stamp(services: SigstoreServices, request: TimestampRequest): ServiceAnswer {
  return { status: 200, contentType: 'application/timestamp-reply', body: services.timestamp(request) };
}

function fromJson(body: Record<string, unknown>): TimestampRequest | undefined {
  const { artifactHash, hashAlgorithm = 'sha256', nonce, certificates } = body;
  if (typeof artifactHash !== 'string' || typeof hashAlgorithm !== 'string') return undefined;
  if (!['sha256', 'sha384', 'sha512'].includes(hashAlgorithm)) return undefined;
  return {
    messageImprint: encodeImprint(hashAlgorithm, Buffer.from(artifactHash, 'base64')),
    includeCertificate: certificates === true,
    ...(typeof nonce === 'number' && Number.isSafeInteger(nonce) ? { nonce: derInteger(nonce) } : {}),
  };
}
