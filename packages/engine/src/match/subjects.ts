import type { ResourceFilter } from '../model/policy.ts';
import type { UserInfo } from '../model/request.ts';
import { compilePart } from './kind-selector.ts';

export type UserPredicate = (user: UserInfo) => boolean;

/** True when one subject (User, Group or ServiceAccount, wildcards allowed) is the user. */
export function compileSubjects(subjects: ResourceFilter['subjects']): UserPredicate {
  const predicates = subjects.map(compileSubject);
  return (user) => predicates.some((matches) => matches(user));
}

function compileSubject({ kind, name, namespace }: ResourceFilter['subjects'][number]): UserPredicate {
  switch (kind) {
    case 'User': {
      const matches = compilePart(name);
      return (user) => matches(user.username);
    }
    case 'ServiceAccount': {
      const matches = compilePart(`system:serviceaccount:${namespace ?? ''}:${name}`);
      return (user) => matches(user.username);
    }
    case 'Group': {
      const matches = compilePart(name);
      return (user) => user.groups.some(matches);
    }
    default:
      return () => false;
  }
}
