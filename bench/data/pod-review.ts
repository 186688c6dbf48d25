import type { JsonObject } from '@vouchsafe/engine/kernel';

/** An AdmissionReview for creating a Pod of two containers that meets the restricted profile: about 6.2 KB of JSON. */
export function podReview(options: { readonly uid?: string; readonly privileged?: boolean; readonly image?: string } = {}): JsonObject {
  const { uid = '705ab4f5-6393-11e8-b7cc-42010a800002', privileged = false, image = 'registry.example/team/service:v1.27.3' } = options;
  const environment = Array.from({ length: 9 }, (_, index) => ({
    name: `SETTING_${index}`,
    valueFrom: { configMapKeyRef: { name: 'service-settings', key: `setting-${index}`, optional: true } },
  }));
  const container = (name: string, isPrivileged: boolean): JsonObject => ({
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['--listen=:8080', '--log-level=info', '--config=/etc/service/config.yaml'],
    env: environment,
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    resources: { limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 'http', scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 },
    livenessProbe: { httpGet: { path: '/live', port: 'http', scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 },
    securityContext: {
      ...(isPrivileged ? { privileged: true } : { allowPrivilegeEscalation: false }),
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 10001,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/service', readOnly: true },
      { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  const object: JsonObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'service-7d4b9c6f5-x2x7k',
      namespace: 'team-a',
      labels: { app: 'service', 'app.kubernetes.io/name': 'service', 'pod-template-hash': '7d4b9c6f5', team: 'a' },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'service-7d4b9c6f5', uid: 'c3b5a1d0-6393-11e8-b7cc-42010a800002', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      containers: [container('service', privileged), container('sidecar', false)],
      volumes: [
        { name: 'config', configMap: { name: 'service-config', defaultMode: 420 } },
        { name: 'kube-api-access', projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }], defaultMode: 420 } },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'service',
      serviceAccount: 'service',
      securityContext: { runAsNonRoot: true, fsGroup: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      schedulerName: 'default-scheduler',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {},
  };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      name: 'service-7d4b9c6f5-x2x7k',
      namespace: 'team-a',
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller', uid: 'a', groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}
