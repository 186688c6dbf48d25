import { describe, expect, it } from 'vitest';
import { decide } from '../../evaluate/decide.ts';
import type { FactFailureClass } from '../../facts/fact.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { APP, compilePolicy, createRegistry, imagePolicy, OTHER_DIGEST, pod } from './image-validating.fixture.ts';

const OTHER = `ghcr.io/acme/app@${OTHER_DIGEST}`;

const UPDATES: JsonObject = {
  matchConstraints: {
    resourceRules: [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods', 'pods/*'] },
    ],
  },
};

function labelled(object: JsonObject, labels: JsonObject): JsonObject {
  return { ...object, metadata: { name: 'web', namespace: 'default', labels } };
}

function update(before: JsonObject, after: JsonObject, given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return requestOf(after, { operation: 'UPDATE', oldResource: before, ...given });
}

const SAME = update(pod(APP), labelled(pod(APP), { a: 'b' }));

/** The statuses of the policies with a registry that fails so. */
async function statuses(
  specs: readonly JsonObject[],
  request: EvaluationRequest,
  failure: FactFailureClass = 'transient',
  phase: Phase = 'validate',
): Promise<readonly (string | undefined)[]> {
  const policies = specs.flatMap(
    (spec, index) => compilePolicy(imagePolicy(spec, { name: `p${index}` })).compiled ?? [],
  );
  const registry = createRegistry({ answer: () => ({ ok: false, class: failure, message: 'away' }) });
  const decisions = await decide(policies, request, registry, { phase });
  return decisions.map(({ results }) => results[0]?.status);
}

describe('an update that changes no image, with the registry away', () => {
  const gated = { matchConditions: [{ name: 'c', expression: '"gate" in object.metadata.?labels.orValue({})' }] };
  const selected = {
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods'] }],
      objectSelector: { matchLabels: { gate: 'on' } },
    },
  };
  const gate = labelled(pod(APP), { gate: 'on' });
  const rows: [string, JsonObject, EvaluationRequest, FactFailureClass, string][] = [
    ['is excused', {}, SAME, 'transient', 'skip'],
    ['also when it was too slow', {}, SAME, 'timed-out', 'skip'],
    ['but not when it denied to tell', {}, SAME, 'denied', 'error'],
    ['nor when there is no such image', {}, SAME, 'not-found', 'error'],
    ['nor when nobody answers', {}, SAME, 'unavailable', 'error'],
    ['nor when it is created', {}, requestOf(pod(APP)), 'transient', 'error'],
    ['nor when an image is another', {}, update(pod(OTHER), pod(APP)), 'transient', 'error'],
    ['nor when one comes in', {}, update(pod(OTHER), pod(OTHER, APP)), 'transient', 'error'],
    ['nor when it changes places', {}, update(pod(APP, OTHER), pod(OTHER, APP)), 'transient', 'error'],
    ['nor through a subresource', {}, { ...SAME, subresource: 'resize' }, 'transient', 'error'],
    ['nor when the policy was not about it', gated, update(pod(APP), gate), 'transient', 'error'],
    ['though it was', gated, update(gate, labelled(pod(APP), { gate: 'on', a: 'b' })), 'transient', 'skip'],
    ['nor when its labels select it only now', selected, update(pod(APP), gate), 'transient', 'error'],
    [
      'nor when the error is another',
      {
        validations: [
          { expression: 'verifyImageSignatures(images.containers[0], [attestors.key]) >= 0 || true' },
          { expression: 'object.b == 1' },
        ],
      },
      SAME,
      'transient',
      'error',
    ],
  ];
  it.each(rows)('%s', async (_name, spec, request, failure, wanted) => {
    const spec0 = spec['matchConstraints'] ? spec : { ...UPDATES, ...spec };
    expect(await statuses([spec0], request, failure)).toEqual([wanted]);
  });

  it('what other policies require is excused with it', async () => {
    const catchAll = { ...UPDATES, validations: [{ expression: 'true' }] };
    expect(await statuses([UPDATES, catchAll], SAME)).toEqual(['skip', 'skip']);
    expect(await statuses([catchAll], SAME)).toEqual(['fail']);
    expect(await statuses([UPDATES, catchAll], update(pod(OTHER), pod(APP)))).toEqual(['error', 'fail']);
  });

  it('a tag that stays is left alone, and a new one is not', async () => {
    const tagged = pod('ghcr.io/acme/app:1');
    expect(
      await statuses([UPDATES], update(tagged, labelled(tagged, { a: 'b' })), 'transient', 'verify-images'),
    ).toEqual([undefined]);
    expect(await statuses([UPDATES], update(pod('ghcr.io/acme/app:0'), tagged), 'transient', 'verify-images')).toEqual([
      'error',
    ]);
  });
});
