export { type AdmissionResponse, type AdmissionResponseOptions, toAdmissionResponse } from './admission-response.ts';
export { blockedMessage } from './block-decision.ts';
