import { parentPort } from 'node:worker_threads';
import { compilePodSecurity } from './cel-policies.ts';

const started = performance.now();
compilePodSecurity();
parentPort?.postMessage(performance.now() - started);
