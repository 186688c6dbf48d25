import { expect, it } from 'vitest';
import type { PolicyRef } from '../../model/decision.ts';
import { reportProcess, reportSource } from './report-source.ts';

const GROUP = 'policies.kyverno.io/v1';
const KUBERNETES = 'admissionregistration.k8s.io/v1';

it.each([
  [GROUP, 'ValidatingPolicy', 'KyvernoValidatingPolicy', 'background scan'],
  [GROUP, 'NamespacedValidatingPolicy', 'KyvernoValidatingPolicy', 'background scan'],
  [GROUP, 'MutatingPolicy', 'KyvernoMutatingPolicy', 'background scan'],
  [GROUP, 'ImageValidatingPolicy', 'KyvernoImageValidatingPolicy', 'background scan'],
  [GROUP, 'GeneratingPolicy', 'KyvernoGeneratingPolicy', 'admission review'],
  [GROUP, 'DeletingPolicy', 'kyverno', ''],
  [KUBERNETES, 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicy', 'background scan'],
  [KUBERNETES, 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicy', 'background scan'],
  ['kyverno.io/v1', 'ClusterPolicy', 'kyverno', 'background scan'],
])('%s %s', (apiVersion, kind, source, process) => {
  const ref: PolicyRef = { apiVersion, kind, name: 'p' };
  expect([reportSource(ref), reportProcess(ref, { background: true, admission: true })]).toEqual([source, process]);
});

it.each([
  [GROUP, 'ValidatingPolicy', false, true, 'admission review'],
  [GROUP, 'ValidatingPolicy', false, false, ''],
  ['kyverno.io/v1', 'ClusterPolicy', false, false, undefined],
])('%s %s, background %s, admission %s', (apiVersion, kind, background, admission, process) => {
  expect(reportProcess({ apiVersion, kind, name: 'p' }, { background, admission })).toBe(process);
});
