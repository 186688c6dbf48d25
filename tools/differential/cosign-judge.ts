import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { CosignVersion, RealCosign } from '../../packages/sandbox/src/sigstore/real-cosign.ts';
import type { Judge, Question } from './differential-case.ts';

/** A real cosign. Version 2 has no bundles of images; version 3 has both formats. */
export function createCosignJudge(cosign: RealCosign, major: CosignVersion, version: string): Judge {
  return {
    name: `cosign-${major}`,
    version,
    answers: ({ type }) => type === 'Cosign' || (type === 'SigstoreBundle' && major === 3),
    async judge({ question }, { host, repository, digest }) {
      const flags = await flagsOf(question, cosign, major);
      const image = `${host}/${repository}@${digest}`;
      const { isAccepted, output } =
        question.predicateType === undefined
          ? await cosign.verify(major, image, ...flags)
          : await cosign.verifyAttestation(major, image, '--type', question.predicateType, ...flags);
      return { verdict: isAccepted ? 'accept' : 'refuse', words: isAccepted ? '' : wordsOf(output) };
    },
  };
}

async function flagsOf(question: Question, cosign: RealCosign, major: CosignVersion): Promise<string[]> {
  const { signer, annotations = {} } = question;
  const flags = Object.entries(annotations).flatMap(([name, value]) => ['-a', `${name}=${value}`]);
  if (!question.isLogWanted) flags.push('--insecure-ignore-tlog=true');
  if (question.isTimeStampWanted) {
    flags.push('--use-signed-timestamps');
    if (major === 2) flags.push('--timestamp-certificate-chain', cosign.file('timestamp_chain.pem'));
  }
  if (signer.kind === 'key') flags.push('--key', await keyFile(signer.publicKey, cosign));
  if (signer.kind === 'identity') {
    const suffix = signer.isExpression === true ? '-regexp' : '';
    flags.push(`--certificate-identity${suffix}`, signer.subject, `--certificate-oidc-issuer${suffix}`, signer.issuer);
  }
  return flags;
}

const written = new Map<string, Promise<string>>();

/** Cases run side by side: a file is used when it is whole. */
function keyFile(pem: string, cosign: RealCosign): Promise<string> {
  const file = cosign.file(`${createHash('sha256').update(pem).digest('hex').slice(0, 16)}.pub`);
  const whole = written.get(file) ?? writeFile(file, pem).then(() => file);
  written.set(file, whole);
  return whole;
}

/** The last line that says why. */
function wordsOf(output: string): string {
  const lines = output.split('\n').filter((line) => /rror/.test(line));
  return (lines.find((line) => line.startsWith('error')) ?? lines.at(-1) ?? output.trim()).slice(0, 300);
}
