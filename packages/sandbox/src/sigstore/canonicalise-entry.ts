import { createHash } from 'node:crypto';

/** An entry as a client proposes it. */
export interface ProposedEntry {
  kind: string;
  apiVersion: string;
  spec: unknown;
}

interface DsseSignature {
  sig: string;
  keyid?: string;
  publicKey?: string;
}

interface DsseEnvelope {
  payloadType: string;
  payload: string;
  signatures: DsseSignature[];
}

type Canonical = { entry: ProposedEntry } | { refused: string };

/** What the log keeps of a proposed entry: hashes in place of content (the public schemas of each kind and version). */
export function canonicaliseEntry(proposed: ProposedEntry): Canonical {
  const { kind, apiVersion } = proposed;
  const spec = asRecord(proposed.spec);
  if (spec === undefined) return { refused: 'the entry has no spec' };
  try {
    switch (`${kind}/${apiVersion}`) {
      case 'hashedrekord/0.0.1':
        return { entry: { apiVersion, kind, spec: hashedRekord(spec) } };
      case 'dsse/0.0.1':
        return { entry: { apiVersion, kind, spec: dsse(spec) } };
      case 'intoto/0.0.1':
        return { entry: { apiVersion, kind, spec: intotoV1(spec) } };
      case 'intoto/0.0.2':
        return { entry: { apiVersion, kind, spec: intotoV2(spec) } };
      default:
        return { refused: `entries of kind ${kind} ${apiVersion} are not kept here` };
    }
  } catch {
    return { refused: `the ${kind} entry is malformed` };
  }
}

/** Only the members of the schema are kept, whatever else a client sends. */
function hashedRekord(spec: Record<string, unknown>): unknown {
  const hash = record(record(spec['data'])['hash']);
  const signature = record(spec['signature']);
  const { content } = record(signature['publicKey']);
  return {
    data: { hash: { algorithm: hash['algorithm'], value: hash['value'] } },
    signature: { content: signature['content'], publicKey: { content } },
  };
}

function dsse(spec: Record<string, unknown>): unknown {
  const content = record(spec['proposedContent']);
  const text = string(content['envelope']);
  const verifiers = content['verifiers'];
  if (!Array.isArray(verifiers)) throw new TypeError('verifiers');
  const envelope = readEnvelope(text);
  return {
    envelopeHash: sha256(Buffer.from(text)),
    payloadHash: sha256(Buffer.from(envelope.payload, 'base64')),
    signatures: envelope.signatures.map(({ sig }, index) => ({ signature: sig, verifier: string(verifiers[index]) })),
  };
}

function intotoV1(spec: Record<string, unknown>): unknown {
  const raw = string(record(spec['content'])['envelope']);
  // cosign sends the envelope's JSON itself; the schema allows base64 too.
  const bytes = Buffer.from(raw, raw.trimStart().startsWith('{') ? 'utf8' : 'base64');
  const envelope = readEnvelope(bytes.toString('utf8'));
  return {
    content: { hash: sha256(bytes), payloadHash: sha256(Buffer.from(envelope.payload, 'base64')) },
    publicKey: string(spec['publicKey']),
  };
}

/** In this version payload and signatures are base64 of what the envelope holds, which is base64 already. */
function intotoV2(spec: Record<string, unknown>): unknown {
  const content = record(spec['content']);
  const envelope = checkEnvelope(content['envelope']);
  const payload = Buffer.from(Buffer.from(envelope.payload, 'base64').toString('utf8'), 'base64');
  return {
    content: {
      envelope: { payloadType: envelope.payloadType, signatures: envelope.signatures },
      hash: content['hash'] ?? sha256(Buffer.from(JSON.stringify(envelope))),
      payloadHash: content['payloadHash'] ?? sha256(payload),
    },
  };
}

function readEnvelope(text: string): DsseEnvelope {
  return checkEnvelope(JSON.parse(text));
}

function checkEnvelope(value: unknown): DsseEnvelope {
  const { payloadType, payload, signatures } = record(value);
  if (!Array.isArray(signatures)) throw new TypeError('signatures');
  for (const signature of signatures) string(record(signature)['sig']);
  // Each member was looked at above.
  return { payloadType: string(payloadType), payload: string(payload), signatures: signatures as DsseSignature[] };
}

function sha256(bytes: Uint8Array): { algorithm: string; value: string } {
  return { algorithm: 'sha256', value: createHash('sha256').update(bytes).digest('hex') };
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  // A JSON object's members are unknown until looked at.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function record(value: unknown): Record<string, unknown> {
  const found = asRecord(value);
  if (found === undefined) throw new TypeError('not an object');
  return found;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}
