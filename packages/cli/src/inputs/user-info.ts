import type { UserInfo } from '@vouchsafe/engine';
import { checkShape, METADATA, placeProblems, type Shape } from './check-shape.ts';
import { InputProblem } from './input-problem.ts';
import type { InputDocument } from './read-documents.ts';
import { objectAt, textAt, textsAt } from './read-fields.ts';

/** Who asks, as a file of kind `UserInfo` says. */
export interface Requester {
  readonly user: UserInfo;
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

const USER_INFO: Shape = {
  fields: {
    apiVersion: 'text',
    kind: 'text',
    metadata: METADATA,
    roles: { list: 'text' },
    clusterRoles: { list: 'text' },
    synchronize: 'flag',
    userInfo: { fields: { username: 'text', uid: 'text', groups: { list: 'text' }, extra: 'map' } },
  },
};

/** Reads a document of kind `UserInfo`. Throws `InputProblem`; upstream's `apply` still takes the schema without kind. */
export function readUserInfo(
  { object, sources }: Pick<InputDocument, 'object' | 'sources'>,
  path: string,
  deprecated: 'refuse' | 'accept' = 'refuse',
): Requester {
  const { value, problems } = checkShape(object, USER_INFO);
  if (problems.length > 0) {
    throw new InputProblem(`failed to load request info (${placeProblems(problems, path, sources).join('; ')})`);
  }
  const isDeprecated = textAt(value, 'apiVersion') === '' || textAt(value, 'kind') === '';
  if (isDeprecated && deprecated === 'refuse') {
    throw new InputProblem(`userInfo file ${path} uses a deprecated schema — please migrate to the latest format`);
  }
  const user = objectAt(value, 'userInfo');
  const uid = textAt(user, 'uid');
  const extra = objectAt(user, 'extra');
  return {
    user: {
      username: textAt(user, 'username'),
      groups: textsAt(user, 'groups'),
      ...(uid === '' ? {} : { uid }),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    },
    roles: textsAt(value, 'roles'),
    clusterRoles: textsAt(value, 'clusterRoles'),
  };
}
