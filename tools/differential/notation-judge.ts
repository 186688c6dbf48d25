import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../fetch-run.ts';
import type { Judge } from './differential-case.ts';

/** The real notation, with the strict level that Kyverno uses. Each authority gets a configuration of its own. */
export async function createNotationJudge(program: string, version: string): Promise<Judge> {
  const folder = await mkdtemp(join(tmpdir(), 'notation-'));
  const configured = new Map<string, Promise<string>>();
  return {
    name: 'notation',
    version,
    answers: ({ type }) => type === 'Notary',
    async judge({ question }, { host, repository, digest }) {
      const root = question.signer.kind === 'notary' ? question.signer.root : '';
      const home = configured.get(root) ?? configure(folder, root);
      configured.set(root, home);
      const image = `${host}/${repository}@${digest}`;
      const variable = `XDG_CONFIG_HOME=${await home}`;
      const result = await run('env', [variable, program, 'verify', '--insecure-registry', image], {
        timeoutMs: 20_000,
      });
      return { verdict: result.isSuccess ? 'accept' : 'refuse', words: result.isSuccess ? '' : wordsOf(result.stderr) };
    },
    stop: () => rm(folder, { recursive: true }),
  };
}

async function configure(folder: string, root: string): Promise<string> {
  const home = join(folder, createHash('sha256').update(root).digest('hex').slice(0, 16));
  const store = join(home, 'notation', 'truststore', 'x509', 'ca', 'own');
  await mkdir(store, { recursive: true });
  await writeFile(join(store, 'root.pem'), root);
  const policy = {
    name: 'strict',
    registryScopes: ['*'],
    signatureVerification: { level: 'strict' },
    trustStores: ['ca:own'],
    trustedIdentities: ['*'],
  };
  const document = JSON.stringify({ version: '1.0', trustPolicies: [policy] });
  await writeFile(join(home, 'notation', 'trustpolicy.json'), document, { mode: 0o600 });
  return home;
}

function wordsOf(stderr: string): string {
  return (stderr.split('\n').find((line) => line.startsWith('Error')) ?? stderr.trim()).slice(0, 300);
}
