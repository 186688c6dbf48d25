import type { Logger } from '../settings/logger.ts';
import { CEL_FAMILIES } from '../store/cel-families.ts';
import { type AdmissionAnswer, type AdmissionRequest, parseAdmissionReview, renderAdmissionReview } from './review.ts';
import { createDeadline, type ReviewHandler, type ReviewRoute } from './review-handler.ts';
import type { WebhookReply, WebhookRequest } from './webhook-server.ts';

export interface RouterOptions {
  readonly handler: ReviewHandler;
  readonly validatePolicy: (request: AdmissionRequest) => AdmissionAnswer | Promise<AdmissionAnswer>;
  readonly validateException: (request: AdmissionRequest) => AdmissionAnswer;
  readonly validateGlobalContext: (request: AdmissionRequest) => AdmissionAnswer;
  /** The policies are known. Until then nothing is let through: callers are told to apply their failurePolicy. */
  readonly isLoaded: () => boolean;
  readonly log: Logger;
}

type Route = (request: AdmissionRequest, call: WebhookRequest) => AdmissionAnswer | Promise<AdmissionAnswer>;

/** The paths that webhook configurations name (kyverno-core §4.1, §4.2). */
export function createRouter({
  handler,
  validatePolicy,
  validateException,
  validateGlobalContext,
  isLoaded,
  log,
}: RouterOptions): (call: WebhookRequest) => Promise<WebhookReply> {
  const review =
    (
      side: 'mutate' | 'validate',
      failurePolicy: ReviewRoute['failurePolicy'],
      more: Pick<ReviewRoute, 'policy' | 'family'> = {},
    ): Route =>
    (request, { timeoutSeconds, signal }) =>
      handler[side](request, {
        failurePolicy,
        ...more,
        deadline: createDeadline(timeoutSeconds, signal),
      });
  const routes = new Map<string, Route>([
    ['/mutate/fail', review('mutate', 'Fail')],
    ['/mutate/ignore', review('mutate', 'Ignore')],
    ['/mutate/guard', (request) => handler.guard(request)],
    ['/validate/fail', review('validate', 'Fail')],
    ['/validate/ignore', review('validate', 'Ignore')],
    ['/policymutate', () => ({ allowed: true })],
    ['/policyvalidate', validatePolicy],
    ['/exceptionvalidate', validateException],
    ['/globalcontextvalidate', validateGlobalContext],
  ]);

  /** `/validate/fail/finegrained/<name>`, or `<namespace>/<name>`: the webhooks of policies with conditions. */
  const fineGrained = (path: string): Route | undefined => {
    const [, side, failurePolicy, marker, ...key] = path.split('/');
    if (marker !== 'finegrained' || (side !== 'mutate' && side !== 'validate')) return undefined;
    if ((failurePolicy !== 'fail' && failurePolicy !== 'ignore') || key.length > 2 || key.includes(''))
      return undefined;
    return key.length === 0
      ? undefined
      : review(side, failurePolicy === 'fail' ? 'Fail' : 'Ignore', { policy: key.join('/') });
  };

  /** `/vpol/<name>/<name>`: the webhooks of policies in CEL. */
  const ofFamily = (path: string): Route | undefined => {
    const family = CEL_FAMILIES.find((one) => path === one.path || path.startsWith(`${one.path}/`));
    if (!family) return undefined;
    const names = new Set(
      path
        .slice(family.path.length)
        .split('/')
        .filter((name) => name !== ''),
    );
    const side = family.side === 'mutating' ? 'mutate' : 'validate';
    return review(side, 'Fail', { family: { path: family.path, names } });
  };

  return async (call) => {
    const route = routes.get(call.path) ?? fineGrained(call.path) ?? ofFamily(call.path);
    if (!route) return { status: 404, body: '404 page not found\n', contentType: 'text/plain' };
    if (!isLoaded()) return { status: 503, body: 'the policies are not read yet\n', contentType: 'text/plain' };
    const request = parseAdmissionReview(call.body);
    if (!request) {
      return {
        status: 400,
        body: 'the body is no AdmissionReview of admission.k8s.io/v1\n',
        contentType: 'text/plain',
      };
    }
    try {
      const answer = route(request, call);
      const known = answer instanceof Promise ? await answer : answer;
      return { status: 200, body: renderAdmissionReview(request.uid, known) };
    } catch (error) {
      // a bug of ours: the API server then applies the failurePolicy, which is what it is for
      log.error(
        {
          path: call.path,
          uid: request.uid,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        },
        'admission failed',
      );
      return { status: 500, body: 'internal error\n', contentType: 'text/plain' };
    }
  };
}
