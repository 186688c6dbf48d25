import { describe, expect, it } from 'vitest';
import { createGuardedLookup, refusalOfAddress } from './address-guard.ts';

describe('addresses of metadata services and of this machine, in whatever form', () => {
  it.each([
    ['169.254.169.254', true],
    ['::ffff:169.254.169.254', true],
    ['::ffff:a9fe:a9fe', true],
    ['64:ff9b::a9fe:a9fe', true],
    ['fe80::1', true],
    ['fd00:ec2::254', true],
    ['100.100.100.200', true],
    ['0.0.0.0', true],
    ['::', true],
    ['224.0.0.1', true],
    ['10.1.2.3', false],
    ['192.168.1.1', false],
    ['172.16.0.1', false],
    ['fd00::1', false],
    ['1.2.3.4', false],
    ['127.0.0.1', false],
    ['::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:10.1.2.3', false],
    ['64:ff9b::102:304', false],
    ['2001:db8::a9fe:a9fe', false],
    ['::169.254.169.254', true],
    ['::ffff:0:169.254.169.254', true],
    ['64:ff9b:1::a9fe:a9fe', true],
    ['64:ff9b::100.100.100.200', true],
    ['2002:a9fe:a9fe::1', true],
    ['2002:a83f:8110::', true],
    ['::127.0.0.1', true],
    ['64:ff9b::7f00:1', true],
    ['fe80::1%eth0', true],
    ['fec0::1', true],
    ['fd00:ec2::23', true],
    ['fd20:ce::254', true],
    ['fd00:c1::a9fe:a9fe', true],
  ])('%s refused: %s', (address, isRefused) => {
    expect(refusalOfAddress(address, true) !== undefined).toBe(isRefused);
  });

  it('are checked after the name is resolved, every one of them', async () => {
    const answers = [
      { address: '93.184.216.34', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ];
    // The guard calls `resolve` in one way only: with `all`.
    const resolve = ((_name: string, _options: object, done: (error: null, list: object[]) => void) =>
      done(null, answers)) as unknown as Parameters<typeof createGuardedLookup>[1];
    const error = await new Promise((done) =>
      createGuardedLookup('loopback', resolve)('rebind.test', { all: true }, done),
    );
    expect(error).toMatchObject({ name: 'RegistryFailure', class: 'permanent' });
  });
});
