import type { AccessAttributes, AccessDecision, AccessRules, Authorizer } from '../api/authorizer.ts';
import type { UserInfo } from '../api/user-info.ts';
import type { JsonObject } from '../store/json-value.ts';
import { objectAt, objectsAt, stringAt, stringsAt } from '../store/json-value.ts';
import { labelsOf, selectorFromObject } from '../store/label-selector.ts';
import type { ResourceStore } from '../store/resource-store.ts';

const ROLES = 'roles.rbac.authorization.k8s.io';
const CLUSTER_ROLES = 'clusterroles.rbac.authorization.k8s.io';
const ROLE_BINDINGS = 'rolebindings.rbac.authorization.k8s.io';
const CLUSTER_ROLE_BINDINGS = 'clusterrolebindings.rbac.authorization.k8s.io';
const SERVICE_ACCOUNT_USER = /^system:serviceaccount:([^:]+):([^:]+)$/;

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

interface Grant {
  /** Empty for cluster-wide grants. */
  readonly namespace: string;
  readonly subject: JsonObject;
  readonly rules: readonly Rule[];
  /** `ClusterRoleBinding "x" of ClusterRole "y"`. */
  readonly source: string;
}

/** Decides by the stored roles and bindings, as the RBAC authorizer does; `system:masters` may do anything. */
export function createRbacAuthorizer(store: ResourceStore): Authorizer {
  let grants: readonly Grant[] | undefined;
  for (const storage of [ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS]) {
    store.subscribe(storage, () => {
      grants = undefined;
    });
  }

  function grantsFor(user: UserInfo, namespace: string): readonly Grant[] {
    grants ??= readGrants(store);
    return grants.filter(
      (grant) =>
        (grant.namespace === '' || (namespace !== '' && grant.namespace === namespace)) &&
        isSubject(grant.subject, user, grant.namespace),
    );
  }

  return {
    authorize(access): AccessDecision {
      if (access.user.groups.includes('system:masters')) {
        return { allowed: true, reason: '' };
      }
      for (const { rules, source, subject } of grantsFor(access.user, access.namespace)) {
        if (rules.some((rule) => allows(rule, access))) {
          const name = `${stringAt(subject, 'kind')} ${JSON.stringify(subjectName(subject))}`;
          return { allowed: true, reason: `RBAC: allowed by ${source} to ${name}` };
        }
      }
      return { allowed: false, reason: '' };
    },
    rulesFor(user, namespace): AccessRules {
      const rules = user.groups.includes('system:masters')
        ? [ALL_RESOURCES, ALL_PATHS]
        : grantsFor(user, namespace).flatMap((grant) => grant.rules);
      return {
        resourceRules: rules.filter(({ resources }) => resources.length > 0),
        nonResourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs.length > 0),
      };
    },
  };
}

const NO_RULE: Rule = { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
const ALL_RESOURCES: Rule = { ...NO_RULE, apiGroups: ['*'], resources: ['*'] };
const ALL_PATHS: Rule = { ...NO_RULE, nonResourceURLs: ['*'] };

function readGrants(store: ResourceStore): Grant[] {
  const grants: Grant[] = [];
  for (const { object, name } of store.list(CLUSTER_ROLE_BINDINGS)) {
    addGrants(grants, store, object, '', `ClusterRoleBinding ${JSON.stringify(name)}`);
  }
  for (const { object, name, namespace } of store.list(ROLE_BINDINGS)) {
    addGrants(grants, store, object, namespace, `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`);
  }
  return grants;
}

function addGrants(
  grants: Grant[],
  store: ResourceStore,
  binding: JsonObject,
  namespace: string,
  shownBinding: string,
): void {
  const reference = objectAt(binding, 'roleRef');
  const kind = stringAt(reference, 'kind');
  const name = stringAt(reference, 'name');
  const role = kind === 'ClusterRole' ? store.get(CLUSTER_ROLES, '', name) : store.get(ROLES, namespace, name);
  if (role === undefined) {
    return;
  }
  const rules = rulesOf(store, role.object);
  for (const subject of objectsAt(binding, 'subjects')) {
    grants.push({ namespace, subject, rules, source: `${shownBinding} of ${kind} ${JSON.stringify(name)}` });
  }
}

/** The rules of a role, with those of the roles it aggregates. */
function rulesOf(store: ResourceStore, role: JsonObject, seen: ReadonlySet<JsonObject> = new Set()): Rule[] {
  const own = objectsAt(role, 'rules').map(ruleOf);
  const selectors = objectsAt(objectAt(role, 'aggregationRule'), 'clusterRoleSelectors').map(selectorFromObject);
  if (selectors.length === 0 || seen.has(role)) {
    return own;
  }
  const visited = new Set([...seen, role]);
  const members = store
    .list(CLUSTER_ROLES)
    .filter(({ object }) => object !== role && selectors.some((selector) => selector.matches(labelsOf(object))));
  return [...own, ...members.flatMap(({ object }) => rulesOf(store, object, visited))];
}

function ruleOf(rule: JsonObject): Rule {
  return {
    verbs: stringsAt(rule, 'verbs'),
    apiGroups: stringsAt(rule, 'apiGroups'),
    resources: stringsAt(rule, 'resources'),
    resourceNames: stringsAt(rule, 'resourceNames'),
    nonResourceURLs: stringsAt(rule, 'nonResourceURLs'),
  };
}

function subjectName(subject: JsonObject): string {
  const name = stringAt(subject, 'name');
  return stringAt(subject, 'kind') === 'ServiceAccount' ? `${name}/${stringAt(subject, 'namespace')}` : name;
}

function isSubject(subject: JsonObject, user: UserInfo, bindingNamespace: string): boolean {
  const name = stringAt(subject, 'name');
  switch (stringAt(subject, 'kind')) {
    case 'User':
      return user.username === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount': {
      const [, namespace, account] = SERVICE_ACCOUNT_USER.exec(user.username) ?? [];
      return account === name && namespace === (stringAt(subject, 'namespace') || bindingNamespace);
    }
    default:
      return false;
  }
}

function allows(rule: Rule, access: AccessAttributes): boolean {
  if (!includes(rule.verbs, access.verb)) {
    return false;
  }
  if (access.path !== undefined) {
    return rule.nonResourceURLs.some((url) => matchesPath(url, access.path ?? ''));
  }
  return (
    includes(rule.apiGroups, access.group) &&
    rule.resources.some((resource) => matchesResource(resource, access)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(access.name))
  );
}

function includes(list: readonly string[], item: string): boolean {
  return list.includes('*') || list.includes(item);
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));
}

function matchesResource(resource: string, { plural, subresource }: AccessAttributes): boolean {
  const wanted = subresource === '' ? plural : `${plural}/${subresource}`;
  return resource === '*' || resource === wanted || (subresource !== '' && resource === `*/${subresource}`);
}
