import type { Cluster } from '../api/cluster.ts';
import { StatusError } from '../api/status-error.ts';
import type { Controller } from './controller.ts';
import { startDeploymentController } from './deployment-controller.ts';
import { startEndpointController } from './endpoint-controller.ts';
import { startGarbageCollector } from './garbage-collector.ts';
import { startJobController } from './job-controller.ts';
import { startNamespaceController } from './namespace-controller.ts';
import { startNodeAgent } from './node-agent.ts';
import { startQuotaController } from './quota-controller.ts';
import { startReplicaController } from './replica-controller.ts';
import { startRoleAggregation } from './role-aggregation.ts';
import { startSetController } from './set-controllers.ts';

/** Starts everything that makes a cluster alive. Refusals by admission are events, not errors. */
export function startControllers(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const report = (error: unknown): void => {
    if (!(error instanceof StatusError)) {
      onError(error);
    }
  };
  const controllers = [
    startNamespaceController(cluster, report),
    startGarbageCollector(cluster, report),
    startDeploymentController(cluster, report),
    startReplicaController(cluster, 'replicasets.apps', 'ReplicaSet', report),
    startReplicaController(cluster, 'replicationcontrollers', 'ReplicationController', report),
    startSetController(cluster, 'statefulsets.apps', report),
    startSetController(cluster, 'daemonsets.apps', report),
    startJobController(cluster, report),
    startNodeAgent(cluster, report),
    startEndpointController(cluster, report),
    startQuotaController(cluster, report),
    startRoleAggregation(cluster, report),
  ];
  return {
    stop() {
      for (const controller of controllers) {
        controller.stop();
      }
    },
  };
}
