import { isJsonArray, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import type { DsseEnvelope } from './dsse-envelope.ts';
import { parseJsonObject } from './encoded-text.ts';
import { Refusal, shown } from './refusal.ts';

const payloadType = 'application/vnd.in-toto+json';
const statementTypes: readonly (Json | undefined)[] = [
  'https://in-toto.io/Statement/v0.1',
  'https://in-toto.io/Statement/v1',
];

/**
 * Reads the in-toto statement of an envelope and requires that the digest is one of its subjects. Nothing of it is
 * believed before the envelope's signature is checked. Refuses `bad-signature`.
 */
export function readStatement(envelope: DsseEnvelope, digest: string): JsonObject {
  if (envelope.payloadType !== payloadType) {
    throw refusal('the envelope holds no in-toto statement', payloadType, shown(envelope.payloadType));
  }
  const statement = parseJsonObject(envelope.payload);
  if (statement === undefined) throw new Refusal('bad-signature', 'the statement is not a JSON object');
  const type = member(statement, '_type');
  if (!statementTypes.includes(type)) {
    throw refusal('the statement is of an unknown type', statementTypes.join(' or '), shown(String(type)));
  }
  const subjects = member(statement, 'subject');
  const digests = isJsonArray(subjects) ? subjects.slice(0, 1000).map((one) => memberAt(one, 'digest', 'sha256')) : [];
  if (!digests.some((one) => typeof one === 'string' && `sha256:${one}` === digest)) {
    const got = digests.filter((one) => typeof one === 'string').slice(0, 3);
    throw refusal('the statement is about another image', digest, shown(got.join(', ')) || 'none');
  }
  return statement;
}

/** The predicate type of a statement; empty when it has none. */
export function predicateTypeOf(statement: JsonObject): string {
  const type = member(statement, 'predicateType');
  return typeof type === 'string' ? type : '';
}

function refusal(message: string, wanted: string, got: string): Refusal {
  return new Refusal('bad-signature', `${message}: wanted ${wanted}, got ${got}`, { wanted, got });
}
