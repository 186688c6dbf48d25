import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCertificateRequest } from './parse-certificate-request.ts';
import { splitPem } from './pem.ts';
import { attemptPki } from './pki-error.ts';

function derOf(name: string): Uint8Array {
  const pem = readFileSync(new URL(`fixtures/openssl-request-${name}.pem`, import.meta.url), 'utf8');
  return splitPem(pem)[0]?.der ?? new Uint8Array();
}

describe('parseCertificateRequest', () => {
  it('reads what openssl wrote', () => {
    const request = parseCertificateRequest(derOf('rsa'));
    expect(request.version).toBe(0);
    expect(request.subject.text).toBe('O=acme,CN=csr.example');
    expect(request.subjectAlternativeNames).toEqual([
      expect.objectContaining({ type: 'dns', value: 'csr.example' }),
      expect.objectContaining({ type: 'ip', value: '10.0.0.1' }),
    ]);
    expect(parseCertificateRequest(derOf('p256')).subjectAlternativeNames).toEqual([]);
  });

  it('refuses anything else, and never fails otherwise', () => {
    const der = derOf('rsa');
    const broken = fc.record({ at: fc.nat(der.length - 1), byte: fc.nat(255) }).map(({ at, byte }) => {
      const copy = Uint8Array.from(der);
      copy[at] = byte;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const read = attemptPki(() => parseCertificateRequest(bytes));
        if (!read.ok) expect(read.message).not.toBe('');
      }),
    );
  });
});
