export { createClusterFacts } from './facts/cluster-facts.ts';
export { NODE_HOST } from './facts/node-host.ts';
export { DENIALS_CONFIG_MAP } from './reports/denial-log.ts';
export { type OperatorSettings, parseOperatorSettings } from './settings/operator-settings.ts';
export { releaseStartupMemory } from './wiring/release-startup-memory.ts';
export { type RunningOperator, startOperator } from './wiring/start-operator.ts';
