import { type JsonValue, member, memberAt, stringMember } from '../json/json-value.ts';
import { ageOf } from './age.ts';
import type { Cell, CellReader } from './cell-reader.ts';

interface Containers {
  ready: number;
  restarts: number;
  /** Latest end of a container that was restarted; empty when none is known. */
  lastRestart: string;
}

/** The row of a pod: readiness, the reason kubectl shows as its status, restarts, and the wide columns. */
export function podCells(pod: CellReader): Cell[] {
  const containers: Containers = { ready: 0, restarts: 0, lastRestart: '' };
  const sidecars = new Set(
    pod
      .list('spec.initContainers')
      .filter((container) => member(container, 'restartPolicy') === 'Always')
      .map((container) => stringMember(container, 'name')),
  );
  const total = pod.list('spec.containers').length + sidecars.size;
  const initReason = initStatus(pod, sidecars, containers);
  let reason = initReason ?? phaseReason(pod);
  if (initReason === undefined || isInitialized(pod)) reason = mainStatus(pod, sidecars, containers, reason);
  if (pod.isTerminating) {
    if (pod.text('status.reason') === 'NodeLost') reason = 'Unknown';
    else if (!['Succeeded', 'Failed'].includes(pod.text('status.phase'))) reason = 'Terminating';
  }
  return [
    pod.name,
    `${containers.ready}/${total}`,
    reason,
    restartText(containers, pod.now),
    pod.age,
    stringMember(pod.list('status.podIPs')[0], 'ip') || '<none>',
    pod.text('spec.nodeName', '<none>'),
    pod.text('status.nominatedNodeName', '<none>'),
    readinessGates(pod),
  ];
}

function phaseReason(pod: CellReader): string {
  const isGated = pod
    .list('status.conditions')
    .some(
      (condition) => member(condition, 'type') === 'PodScheduled' && member(condition, 'reason') === 'SchedulingGated',
    );
  return isGated ? 'SchedulingGated' : pod.text('status.reason') || pod.text('status.phase');
}

function isInitialized(pod: CellReader): boolean {
  return pod.hasCondition('Initialized');
}

function countRestarts(status: JsonValue, containers: Containers): void {
  const restarts = member(status, 'restartCount');
  containers.restarts += typeof restarts === 'number' ? restarts : 0;
  const finished = memberAt(status, 'lastState', 'terminated', 'finishedAt');
  if (typeof finished === 'string' && finished > containers.lastRestart) containers.lastRestart = finished;
}

/** The status while init containers have not finished; `undefined` once they have. */
function initStatus(pod: CellReader, sidecars: ReadonlySet<string>, containers: Containers): string | undefined {
  for (const [index, status] of pod.list('status.initContainerStatuses').entries()) {
    countRestarts(status, containers);
    const terminated = memberAt(status, 'state', 'terminated');
    const waiting = stringMember(memberAt(status, 'state', 'waiting'), 'reason');
    if (terminated !== undefined && (member(terminated, 'exitCode') ?? 0) === 0) continue;
    if (sidecars.has(stringMember(status, 'name')) && member(status, 'started') === true) {
      if (member(status, 'ready') === true) containers.ready++;
      continue;
    }
    if (terminated !== undefined) return `Init:${endReason(terminated)}`;
    if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
    return `Init:${index}/${pod.list('spec.initContainers').length}`;
  }
  return undefined;
}

function endReason(terminated: JsonValue): string {
  const reason = stringMember(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = member(terminated, 'signal') ?? 0;
  return signal === 0 ? `ExitCode:${member(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`;
}

function mainStatus(pod: CellReader, sidecars: ReadonlySet<string>, containers: Containers, initial: string): string {
  containers.restarts = 0;
  containers.lastRestart = '';
  for (const status of pod.list('status.initContainerStatuses')) {
    if (sidecars.has(stringMember(status, 'name'))) countRestarts(status, containers);
  }
  let reason = initial;
  let errorReason = '';
  let hasRunning = false;
  for (const status of pod.list('status.containerStatuses').toReversed()) {
    countRestarts(status, containers);
    const waiting = stringMember(memberAt(status, 'state', 'waiting'), 'reason');
    const terminated = memberAt(status, 'state', 'terminated');
    if (waiting !== '') {
      reason = waiting;
    } else if (terminated !== undefined) {
      reason = endReason(terminated);
      if ((member(terminated, 'exitCode') ?? 0) !== 0) errorReason = reason;
    } else if (member(status, 'ready') === true && memberAt(status, 'state', 'running') !== undefined) {
      hasRunning = true;
      containers.ready++;
    }
  }
  if (reason !== 'Completed') return reason;
  if (hasRunning && pod.hasCondition('Ready')) return 'Running';
  if (errorReason !== '') return errorReason;
  return hasRunning ? 'NotReady' : reason;
}

function restartText({ restarts, lastRestart }: Containers, now: Date): string {
  return restarts === 0 || lastRestart === '' ? String(restarts) : `${restarts} (${ageOf(lastRestart, now)} ago)`;
}

function readinessGates(pod: CellReader): string {
  const gates = pod.list('spec.readinessGates');
  if (gates.length === 0) return '<none>';
  const open = gates.filter((gate) => pod.hasCondition(stringMember(gate, 'conditionType'))).length;
  return `${open}/${gates.length}`;
}
