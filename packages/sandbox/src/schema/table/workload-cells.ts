import { isJsonObject, member, stringMember } from '../json/json-value.ts';
import { humanDuration } from './age.ts';
import type { Cell, CellPrinter, CellReader } from './cell-reader.ts';
import { podCells } from './pod-cells.ts';
import { formatLabels, formatSelector } from './selector-text.ts';

const TEMPLATE_CONTAINERS = 'spec.template.spec.containers';

/** Rows of pods and of what makes them. */
export const WORKLOAD_CELLS: Readonly<Record<string, CellPrinter>> = {
  pods: podCells,
  podtemplates: (template) => [
    template.name,
    ...template.containers('template.spec.containers'),
    formatLabels(template.value('template.metadata.labels')),
  ],
  'deployments.apps': (deployment) => [
    deployment.name,
    `${deployment.number('status.readyReplicas')}/${deployment.number('spec.replicas')}`,
    deployment.number('status.updatedReplicas'),
    deployment.number('status.availableReplicas'),
    deployment.age,
    ...deployment.containers(TEMPLATE_CONTAINERS),
    selectorOf(deployment, ''),
  ],
  'replicasets.apps': (set) => [
    ...replicaCells(set),
    ...set.containers(TEMPLATE_CONTAINERS),
    selectorOf(set, '<none>'),
  ],
  replicationcontrollers: (controller) => [
    ...replicaCells(controller),
    ...controller.containers(TEMPLATE_CONTAINERS),
    formatLabels(controller.value('spec.selector')),
  ],
  'statefulsets.apps': (set) => [
    set.name,
    `${set.number('status.readyReplicas')}/${set.number('spec.replicas')}`,
    set.age,
    ...set.containers(TEMPLATE_CONTAINERS),
  ],
  'daemonsets.apps': (set) => [
    set.name,
    set.number('status.desiredNumberScheduled'),
    set.number('status.currentNumberScheduled'),
    set.number('status.numberReady'),
    set.number('status.updatedNumberScheduled'),
    set.number('status.numberAvailable'),
    formatLabels(set.value('spec.template.spec.nodeSelector')),
    set.age,
    ...set.containers(TEMPLATE_CONTAINERS),
    selectorOf(set, '<none>'),
  ],
  'jobs.batch': jobCells,
  'cronjobs.batch': (job) => [
    job.name,
    job.text('spec.schedule'),
    job.text('spec.timeZone', '<none>'),
    booleanText(job.value('spec.suspend')),
    job.list('status.active').length,
    job.value('status.lastScheduleTime') === undefined ? '<none>' : job.since('status.lastScheduleTime'),
    job.age,
    ...job.containers('spec.jobTemplate.spec.template.spec.containers'),
    isJsonObject(job.value('spec.jobTemplate.spec.selector'))
      ? formatSelector(job.value('spec.jobTemplate.spec.selector'))
      : '<none>',
  ],
  'controllerrevisions.apps': (revision) => [
    revision.name,
    controllerOf(revision),
    revision.number('revision'),
    revision.age,
  ],
  'poddisruptionbudgets.policy': (budget) => [
    budget.name,
    limitText(budget.value('spec.minAvailable')),
    limitText(budget.value('spec.maxUnavailable')),
    budget.number('status.disruptionsAllowed'),
    budget.age,
  ],
};

function replicaCells(set: CellReader): Cell[] {
  return [
    set.name,
    set.number('spec.replicas'),
    set.number('status.replicas'),
    set.number('status.readyReplicas'),
    set.age,
  ];
}

function selectorOf(reader: CellReader, empty: string): string {
  const text = formatSelector(reader.value('spec.selector'));
  return text === '<none>' ? empty : text;
}

function booleanText(value: unknown): string {
  return value === true ? 'True' : value === false ? 'False' : '<unset>';
}

function limitText(value: unknown): string {
  return value === undefined || value === null ? 'N/A' : String(value);
}

function jobCells(job: CellReader): Cell[] {
  return [
    job.name,
    jobStatus(job),
    jobCompletions(job),
    jobDuration(job),
    job.age,
    ...job.containers(TEMPLATE_CONTAINERS),
    selectorOf(job, '<none>'),
  ];
}

function jobStatus(job: CellReader): string {
  if (job.hasCondition('Complete')) return 'Complete';
  if (job.hasCondition('Failed')) return 'Failed';
  if (job.isTerminating) return 'Terminating';
  for (const condition of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']) {
    if (job.hasCondition(condition)) return condition;
  }
  return 'Running';
}

function jobCompletions(job: CellReader): string {
  const succeeded = job.number('status.succeeded');
  const completions = job.value('spec.completions');
  if (typeof completions === 'number') return `${succeeded}/${completions}`;
  const parallelism = job.number('spec.parallelism');
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: CellReader): string {
  const start = Date.parse(job.text('status.startTime'));
  if (Number.isNaN(start)) return '';
  const end = Date.parse(job.text('status.completionTime'));
  return humanDuration((Number.isNaN(end) ? job.now.getTime() : end) - start);
}

function controllerOf(revision: CellReader): string {
  const owner = revision.list('metadata.ownerReferences').find((reference) => member(reference, 'controller') === true);
  if (owner === undefined) return '<none>';
  const apiVersion = stringMember(owner, 'apiVersion');
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return `${stringMember(owner, 'kind').toLowerCase()}${group}/${stringMember(owner, 'name')}`;
}
