export { type AdmissionResponse, type AdmissionResponseOptions, toAdmissionResponse } from './admission-response.ts';
export { blockedMessage } from './block-decision.ts';
export { mergeReportResults } from './policy-report/merge-results.ts';
export {
  type ReportGroup,
  type ReportSummary,
  summariseResults,
  toPolicyReport,
} from './policy-report/policy-report.ts';
export {
  type PolicyReportResult,
  type ReportedPolicy,
  type ReportOptions,
  toPolicyReportResults,
} from './policy-report/policy-report-result.ts';
export { toYamlText } from './yaml-text.ts';
