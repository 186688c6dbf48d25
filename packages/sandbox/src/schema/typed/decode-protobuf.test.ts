import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SchemaError } from '../model/schema-error.ts';
import { decodeProtobuf } from './decode-protobuf.ts';

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Objects as the Go client encodes them. */
const POD =
  'azhzAAoJCgJ2MRIDUG9kEusBCicKA3dlYhIAGgAiACoAMgA4AEIICKXr3MoGEABaCgoDYXBwEgN3ZWISqgEKCQoBdhIEEgIKABKAAQoBYxIKbmdpbng6MS4yNyoAMgoKABAAGFAiACoAQiAKDQoDY3B1EgYKBDUwMG0KDwoGbWVtb3J5EgUKAzFHaVogChQSEgoAEgoIARAAGgRodHRwGgAiABAAGAAgACgAMABqAHIAeg0QACD///////////8BgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBABoTCgAaACIAKgAyAEoAWgByAIgBABoAIgA=';
const SECRET = 'azhzAAoMCgJ2MRIGU2VjcmV0EicKEQoBcxIAGgAiACoAMgA4AEIAEgoKAWESBWhlbGxvGgZPcGFxdWUaACIA';
const BUDGET =
  'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSNAoRCgFwEgAaACIAKgAyADgAQgASEwoGCAAQARoAGgkIARAAGgMyNSUaCggAGAAgACgAMAAaACIA';

describe('decodeProtobuf', () => {
  it('reads times, quantities, negative numbers, embedded structs and ports by name', () => {
    expect(decodeProtobuf(bytes(POD)).object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', labels: { app: 'web' }, creationTimestamp: '2026-01-02T03:04:05Z' },
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          {
            name: 'c',
            image: 'nginx:1.27',
            ports: [{ containerPort: 80 }],
            resources: { limits: { cpu: '500m', memory: '1Gi' } },
            readinessProbe: { httpGet: { port: 'http' } },
            securityContext: { privileged: false, runAsUser: -1 },
          },
        ],
      },
      status: {},
    });
  });

  it('reads bytes and int-or-string', () => {
    expect(decodeProtobuf(bytes(SECRET)).object['data']).toEqual({ a: 'aGVsbG8=' });
    expect(decodeProtobuf(bytes(BUDGET))).toMatchObject({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      object: { spec: { minAvailable: 1, maxUnavailable: '25%' } },
    });
  });

  it('refuses what is no envelope, and kinds it has no numbers for', () => {
    expect(() => decodeProtobuf(new Uint8Array([1, 2, 3]))).toThrow('does not appear to be a protobuf message');
    const custom = [
      0x6b,
      0x38,
      0x73,
      0,
      0x0a,
      0x0c,
      0x0a,
      0x06,
      ...new TextEncoder().encode('a.b/v1'),
      0x12,
      2,
      0x41,
      0x42,
    ];
    expect(() => decodeProtobuf(new Uint8Array(custom))).toThrow('no kind "AB" is registered for version "a.b/v1"');
  });

  it('never fails but by refusing, whatever the bytes', () => {
    const source = bytes(POD);
    fc.assert(
      fc.property(fc.nat(source.length - 1), fc.nat(255), fc.nat(source.length), (at, value, length) => {
        const broken = source.slice(0, length);
        if (at < broken.length) broken[at] = value;
        try {
          decodeProtobuf(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(SchemaError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
