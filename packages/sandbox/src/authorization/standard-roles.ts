import { ADMIN_GROUP } from '../api/user-info.ts';
import type { JsonObject } from '../store/json-value.ts';

/** Rules as the tables below write them: groups, resources, verbs. */
type RuleRow = readonly [groups: string, resources: string, verbs: string];

const READ = 'get list watch';
const WRITE = 'create delete deletecollection patch update';

const VIEW: readonly RuleRow[] = [
  [
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    READ,
  ],
  [
    '',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status namespaces',
    READ,
  ],
  ['discovery.k8s.io', 'endpointslices', READ],
  [
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    READ,
  ],
  ['autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', READ],
  ['batch', 'cronjobs cronjobs/status jobs jobs/status', READ],
  ['policy', 'poddisruptionbudgets poddisruptionbudgets/status', READ],
  ['networking.k8s.io', 'ingresses ingresses/status networkpolicies', READ],
];

const EDIT: readonly RuleRow[] = [
  ['', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', READ],
  ['', 'serviceaccounts', 'impersonate'],
  ['', 'pods pods/attach pods/exec pods/portforward pods/proxy', WRITE],
  ['', 'pods/eviction', 'create'],
  [
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    WRITE,
  ],
  ['', 'serviceaccounts/token', 'create'],
  [
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    WRITE,
  ],
  ['autoscaling', 'horizontalpodautoscalers', WRITE],
  ['batch', 'cronjobs jobs', WRITE],
  ['policy', 'poddisruptionbudgets', WRITE],
  ['networking.k8s.io', 'ingresses networkpolicies', WRITE],
  ['coordination.k8s.io', 'leases', `${WRITE} ${READ}`],
];

const ADMIN: readonly RuleRow[] = [
  ['authorization.k8s.io', 'localsubjectaccessreviews', 'create'],
  ['rbac.authorization.k8s.io', 'rolebindings roles', `${WRITE} ${READ}`],
];

const DISCOVERY_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];
const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

/** The ClusterRoles and ClusterRoleBindings every cluster starts with, without those of system components. */
export function standardRoles(): JsonObject[] {
  return [
    clusterRole('cluster-admin', [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ]),
    aggregated('admin', {}),
    aggregated('edit', { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' }),
    aggregated('view', { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' }),
    clusterRole('system:aggregate-to-admin', rules(ADMIN), aggregateTo('admin')),
    clusterRole('system:aggregate-to-edit', rules(EDIT), aggregateTo('edit')),
    clusterRole('system:aggregate-to-view', rules(VIEW), aggregateTo('view')),
    clusterRole('system:basic-user', [
      ...rules([
        ['authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', 'create'],
        ['authentication.k8s.io', 'selfsubjectreviews', 'create'],
      ]),
    ]),
    clusterRole('system:discovery', [{ verbs: ['get'], nonResourceURLs: [...DISCOVERY_PATHS, ...PUBLIC_PATHS] }]),
    clusterRole('system:public-info-viewer', [{ verbs: ['get'], nonResourceURLs: PUBLIC_PATHS }]),
    clusterRole('system:auth-delegator', [
      ...rules([
        ['authentication.k8s.io', 'tokenreviews', 'create'],
        ['authorization.k8s.io', 'subjectaccessreviews', 'create'],
      ]),
    ]),
    clusterRoleBinding('cluster-admin', 'cluster-admin', ['system:masters']),
    clusterRoleBinding(ADMIN_GROUP, 'cluster-admin', [ADMIN_GROUP]),
    clusterRoleBinding('system:basic-user', 'system:basic-user', ['system:authenticated']),
    clusterRoleBinding('system:discovery', 'system:discovery', ['system:authenticated']),
    clusterRoleBinding('system:public-info-viewer', 'system:public-info-viewer', [
      'system:authenticated',
      'system:unauthenticated',
    ]),
  ];
}

const BOOTSTRAP = 'kubernetes.io/bootstrapping';

function metadata(name: string, labels: JsonObject = {}): JsonObject {
  return {
    name,
    labels: { [BOOTSTRAP]: 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}

function aggregateTo(role: string): JsonObject {
  return { [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' };
}

function rules(rows: readonly RuleRow[]): JsonObject[] {
  return rows.map(([group, resources, verbs]) => ({
    verbs: verbs.split(' '),
    apiGroups: [group],
    resources: resources.split(' '),
  }));
}

function clusterRole(name: string, roleRules: JsonObject[], labels: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: metadata(name, labels),
    rules: roleRules,
  };
}

function aggregated(name: string, labels: JsonObject): JsonObject {
  return {
    ...clusterRole(name, [], labels),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
  };
}

function clusterRoleBinding(name: string, role: string, groups: readonly string[]): JsonObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    subjects: groups.map((group) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: group })),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  };
}
