export { createClusterFacts } from './facts/cluster-facts.ts';
export { createHttpFacts } from './facts/http-facts.ts';
export { createHttpRules } from './facts/http-rules.ts';
export { NODE_HOST } from './facts/node-host.ts';
export { DENIALS_CONFIG_MAP } from './reports/denial-log.ts';
export { readHttpSettings } from './settings/http-settings.ts';
export { type OperatorSettings, parseOperatorSettings } from './settings/operator-settings.ts';
export { releaseMemory } from './wiring/release-memory.ts';
export { type RunningOperator, startOperator } from './wiring/start-operator.ts';
