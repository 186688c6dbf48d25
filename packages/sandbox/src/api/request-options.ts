import type { JsonObject } from '../store/json-value.ts';
import type { FieldCause } from './status-error.ts';
import { invalid, invalidField, requiredField, unsupportedField } from './status-error.ts';

/** `CreateOptions`, `UpdateOptions` and `PatchOptions` as the query gives them. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: '' | 'Ignore' | 'Warn' | 'Strict';
  readonly force: boolean | undefined;
}

/** Options of in-process writes. */
export const PLAIN_WRITE: WriteOptions = { dryRun: false, fieldManager: '', fieldValidation: '', force: undefined };

/** Reads and checks the write options of a query. Throws 422 with the texts of meta/v1 validation. */
export function parseWriteOptions(
  query: URLSearchParams,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  apply = false,
): WriteOptions {
  const causes: FieldCause[] = [];
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const force = query.get('force');
  if (kind === 'PatchOptions') {
    if (apply && fieldManager === '') {
      causes.push(requiredField('fieldManager', 'is required for apply patch'));
    }
    if (!apply && force !== null) {
      causes.push({
        reason: 'FieldValueForbidden',
        field: 'force',
        message: 'Forbidden: may not be specified for non-apply patch',
      });
    }
  }
  causes.push(...fieldManagerCauses(fieldManager));
  if (dryRun.some((value) => value !== 'All')) {
    causes.push(unsupportedField('dryRun', dryRun, ['All']));
  }
  if (!isFieldValidation(fieldValidation)) {
    causes.push(unsupportedField('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (causes.length > 0 || !isFieldValidation(fieldValidation)) {
    throw invalid(kind, 'meta.k8s.io', '', causes);
  }
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation,
    force: force === null ? undefined : force === 'true' || force === '1' || force === '',
  };
}

function isFieldValidation(value: string): value is WriteOptions['fieldValidation'] {
  return value === '' || value === 'Ignore' || value === 'Warn' || value === 'Strict';
}

function fieldManagerCauses(manager: string): FieldCause[] {
  const causes: FieldCause[] = [];
  if (manager.length > 128) {
    causes.push({
      reason: 'FieldValueTooLong',
      field: 'fieldManager',
      message: 'Too long: may not be more than 128 bytes',
    });
  }
  // The server asks for printable characters only.
  if (/\p{C}/u.test(manager)) {
    causes.push(invalidField('fieldManager', manager, 'should only contain printable characters'));
  }
  return causes;
}

/** The manager that managed fields record: the option, or the user agent up to its first slash. */
export function managerName(fieldManager: string, userAgent: string): string {
  return fieldManager !== '' ? fieldManager : (userAgent.split('/')[0] ?? '').slice(0, 128);
}

/** The options as AdmissionReview carries them: `UpdateOptions` also for patches, without `force`. */
export function optionsObject(kind: 'CreateOptions' | 'UpdateOptions', options: WriteOptions): JsonObject {
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(options.dryRun ? { dryRun: ['All'] } : {}),
    ...(options.fieldManager === '' ? {} : { fieldManager: options.fieldManager }),
    ...(options.fieldValidation === '' ? {} : { fieldValidation: options.fieldValidation }),
  };
}
