/** What the project's own suites use of the command line: clusters and the scenarios played on them. */
export { MIRRORED_HOSTS } from './cluster/mirrored-hosts.ts';
export { createOperatorProcess, type OperatorProcess } from './cluster/operator-process.ts';
export { type Cluster, type ClusterOptions, startCluster } from './cluster/start-cluster.ts';
export { createCosignSigner } from './scenario/cosign-signer.ts';
export { createRealKubectl, type Kubectl, runCommand } from './scenario/kubectl.ts';
export { runScenario, type ScenarioTools, type StepOutcome } from './scenario/run-scenario.ts';
export { readScenario, type Scenario } from './scenario/scenario.ts';
export { createBuiltInSigner, type Signer } from './scenario/signer.ts';
