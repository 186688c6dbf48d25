import type { Fact } from '../facts/fact.ts';
import type { ApiCallRequest } from '../facts/fact-request.ts';
import type { FactTable } from '../facts/fact-table.ts';
import { type JsonObject, member, memberAt } from '../kernel/json.ts';
import { stableText } from '../kernel/stable-text.ts';
import { SUBJECT_ACCESS_REVIEWS, toReviewSubject } from '../model/access-review.ts';
import { type BypassJudge, type BypassOutcome, SKIP_ANNOTATION } from '../model/bypass.ts';
import { type PolicyRef, policyKey } from '../model/decision.ts';
import { type EvaluationRequest, toResourceRef, type UserInfo } from '../model/request.ts';
import { type BypassWish, concerns, readBypassWish } from './bypass-wish.ts';
import { bypassedContent } from './bypassed-content.ts';
import { ownerUids } from './owner-uids.ts';

export interface BypassJudgeOptions {
  /** The ConfigMap in which the shell keeps grants; whoever may write it may grant. */
  readonly grants: { readonly namespace: string; readonly name: string };
  /** A collision-free digest, in characters that a ConfigMap's key may hold. */
  readonly hash: (text: string) => string;
}

interface Asked {
  readonly wish: BypassWish;
  readonly content: JsonObject;
}

/**
 * The judge of `policies.kyverno.io/skip`. It counts when the requester may `bypass` the policy (SubjectAccessReview), and
 * for what follows from such a request, by its grant: updates of the object that change nothing it runs, and what
 * controllers make of it, as long as that runs the same.
 */
export function createBypassJudge(options: BypassJudgeOptions): BypassJudge {
  const known = new WeakMap<JsonObject, Asked | typeof NOTHING>();
  return (policy, request, facts) => {
    const { resource } = request;
    if (resource === undefined || request.operation === 'CONNECT' || request.operation === 'DELETE') return undefined;
    let asked = known.get(resource);
    if (asked === undefined) {
      asked = readAsked(resource, request.now);
      known.set(resource, asked);
    }
    if (asked === NOTHING || !concerns(asked.wish, policyKey(policy))) return undefined;
    if (asked.wish.problem !== undefined) return { granted: false, reason: asked.wish.problem };
    return judge(policy, request, facts, asked, options);
  };
}

const NOTHING = 'nothing';

function readAsked(resource: JsonObject, now: number): Asked | typeof NOTHING {
  const found = bypassedContent(resource);
  return found ? { wish: readBypassWish(found.annotations, now), content: found.content } : NOTHING;
}

function judge(
  policy: PolicyRef,
  request: EvaluationRequest,
  facts: FactTable,
  { wish, content }: Asked,
  { grants, hash }: BypassJudgeOptions,
): BypassOutcome {
  const ledger = { kind: 'config-map', ...grants } as const;
  const review = request.user && toAccessReview(policy, request.user);
  facts.prefetch(ledger);
  const right = review ? readRight(facts.get(review)) : { allowed: false };
  const keyOf = (uid: string): string => hash(stableText([policyKey(policy), uid, wish.skip, wish.until, content]));
  if (right.allowed) return grantNow(policy, request, wish, keyOf);
  const known = facts.get(ledger);
  const [own, owners] = [ownUid(request), ownerUids(request, facts)];
  for (const uid of [...own, ...owners]) {
    const granted = known.ok ? memberAt(known.value, 'data', keyOf(uid)) : undefined;
    if (typeof granted === 'string') return { granted: true, ...toWords(userOf(granted), wish) };
  }
  if (!known.ok && known.class !== 'not-found') {
    return { granted: false, reason: `whether somebody with the right let it past is not known: ${known.message}` };
  }
  const lacking = owners.length > 0 ? OF_OWNER : own.length > 0 ? OF_ITSELF : '';
  return { granted: false, reason: `${toReason(policy, request.user, right)}${lacking}` };
}

const OF_OWNER = ', and nobody who may has let its owner past with what it runs';
const OF_ITSELF = ', and nobody who may has let it past with what it runs now';

/** Before it is stored, an object's uid is what its submitter wrote. */
function ownUid({ resource, oldResource, admission }: EvaluationRequest): readonly string[] {
  const uid = memberAt(admission === undefined ? resource : oldResource, 'metadata', 'uid');
  return typeof uid === 'string' && uid !== '' ? [uid] : [];
}

function grantNow(
  policy: PolicyRef,
  request: EvaluationRequest,
  wish: BypassWish,
  keyOf: (uid: string) => string,
): BypassOutcome {
  const { uid, ...object } = toResourceRef(request);
  const user = request.user?.username ?? '';
  const words = toWords(user, wish);
  if (uid === undefined) return { granted: true, ...words };
  const value = { policy: policyKey(policy), ...object, uid, user, until: wish.until };
  return { granted: true, ...words, grant: { key: keyOf(uid), until: wish.untilTime, value } };
}

function toWords(by: string, { until }: BypassWish): { by: string; until: string; message: string } {
  return { by, until, message: `bypassed by \`${by}\` until ${until} (${SKIP_ANNOTATION})` };
}

function userOf(grant: string): string {
  try {
    const user = member(JSON.parse(grant), 'user');
    return typeof user === 'string' ? user : '';
  } catch {
    return ''; // the grant is its key
  }
}

function toAccessReview(policy: PolicyRef, user: UserInfo): ApiCallRequest {
  const { group, resource } = toResource(policy);
  const { name, namespace } = policy;
  const attributes = { verb: 'bypass', group, resource, name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    kind: 'api-call',
    method: 'POST',
    urlPath: SUBJECT_ACCESS_REVIEWS,
    data: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { resourceAttributes: attributes, ...toReviewSubject(user) },
    },
  };
}

/** `clusterpolicies` of `kyverno.io`, as the definitions of policies name their kinds. */
function toResource({ apiVersion, kind }: PolicyRef): { group: string; resource: string } {
  const [group = ''] = apiVersion.split('/');
  const lower = kind.toLowerCase();
  return { group, resource: lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : `${lower}s` };
}

interface Right {
  readonly allowed: boolean;
  /** Why it could not be told. */
  readonly problem?: string;
}

function readRight(fact: Fact): Right {
  if (!fact.ok) return { allowed: false, problem: fact.message };
  const is = (key: string): boolean => memberAt(fact.value, 'status', key) === true;
  return { allowed: is('allowed') && !is('denied') };
}

function toReason(policy: PolicyRef, user: UserInfo | undefined, { problem }: Right): string {
  const { group, resource } = toResource(policy);
  const what = `\`bypass\` ${resource}.${group} \`${policyKey(policy)}\``;
  if (user === undefined) return `nobody who may ${what} let it past`;
  if (problem !== undefined) return `whether \`${user.username}\` may ${what} is not known: ${problem}`;
  return `\`${user.username}\` may not ${what}`;
}
