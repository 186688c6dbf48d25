/** `@vouchsafe/kube`: speaks Kubernetes, knows no policy. */
export type { DiscoveredResources } from './client/aggregated-discovery.ts';
export type { ApiResource, ApiSubresource } from './client/api-resource.ts';
export type { Discovery } from './client/discovery.ts';
export {
  type CallOptions,
  createKubeClient,
  type DeleteOptions,
  type KubeClient,
  type KubeClientOptions,
  type NamedTarget,
  type PatchOptions,
  type PatchType,
  type RawRequest,
  type WriteOptions,
} from './client/kube-client.ts';
export { ignoreNotFound, isKubeError, KubeError } from './client/kube-error.ts';
export type { ListOptions } from './client/list-pages.ts';
export { createRateLimiter, type RateLimiter } from './client/rate-limiter.ts';
export type { KubeResponse, RequestObservation } from './client/requester.ts';
export { formatQuery, type QueryValue, type ResourceTarget, resourcePath } from './client/resource-path.ts';
export {
  type AccessDecision,
  type NonResourceAttributes,
  type ResourceAttributes,
  reviewSelfSubjectAccess,
  reviewSubjectAccess,
} from './client/subject-access-review.ts';
export { wait } from './client/wait.ts';
export type { ClusterConnection, ClusterCredentials, ConfigResult } from './config/cluster-connection.ts';
export { connectionFromKubeconfig } from './config/connection-from-kubeconfig.ts';
export { loadInClusterConnection } from './config/in-cluster.ts';
export { type Kubeconfig, type KubeconfigEntry, mergeKubeconfigs, parseKubeconfig } from './config/kubeconfig.ts';
export { type LoadConnectionOptions, loadClusterConnection, loadKubeconfig } from './config/load-connection.ts';
export { formatKubeconfig, type KubeconfigContent, writeKubeconfig } from './config/write-kubeconfig.ts';
export { type LeaderElection, type LeaderElectionOptions, startLeaderElection } from './leader/leader-election.ts';
export { type LeaseRecord, leaseResource, readLease, toMicroTime, withLeaseRecord } from './leader/lease.ts';
export type {
  AdmissionOperation,
  AdmissionRequest,
  AdmissionResponse,
  AdmissionReview,
  UserInfo,
} from './model/admission-review.ts';
export {
  type GroupVersionKind,
  type GroupVersionResource,
  parseApiVersion,
  toApiVersion,
} from './model/group-version.ts';
export type {
  Condition,
  KubernetesObject,
  KubernetesObjectList,
  ObjectMeta,
  OwnerReference,
  Status,
  StatusDetails,
} from './model/kubernetes-object.ts';
export {
  formatLabelSelector,
  type LabelSelector,
  type LabelSelectorRequirement,
  matchesLabelSelector,
} from './model/label-selector.ts';
export * from './pki/index.ts';
export type { BackoffOptions } from './watch/backoff.ts';
export { type Informer, type InformerOptions, startInformer } from './watch/informer.ts';
export type { ObjectChange } from './watch/object-store.ts';
export { keepMetadataOnly, stripManagedFields } from './watch/transforms.ts';
export { type WatchEvent, type WatchOptions, watchEvents } from './watch/watch-events.ts';
export { createWorkQueue, type WorkQueue, type WorkQueueOptions, type WorkResult } from './work/work-queue.ts';
