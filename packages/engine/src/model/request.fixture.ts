import type { EvaluationRequest } from './request.ts';

/** What a scan of an object leaves open: who asked, with which rights, when. */
export const UNASKED: Pick<
  EvaluationRequest,
  'oldResource' | 'admission' | 'user' | 'roles' | 'clusterRoles' | 'namespaceLabels' | 'dryRun' | 'now'
> = Object.freeze({
  oldResource: undefined,
  admission: undefined,
  user: undefined,
  roles: [],
  clusterRoles: [],
  namespaceLabels: {},
  dryRun: false,
  now: 0,
});
