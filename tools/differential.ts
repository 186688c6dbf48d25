// `npm run test:differential`: signs several hundred images in every form and with every defect the built-in signer knows,
// and asks this tree, real cosign 2 and 3, notation and @sigstore/verify about each of them. Differences that
// conformance/differential-explained.json does not explain fail. `--quick` takes every sixth case; `--only TEXT` those whose
// name contains it.
import { pushImage, startRegistry } from '@vouchsafe/sandbox/registry';
import { startSigstore } from '@vouchsafe/sandbox/sigstore';
import { type RealCosign, startRealCosign } from '../packages/sandbox/src/sigstore/real-cosign.ts';
import { createCosignJudge } from './differential/cosign-judge.ts';
import { defectCases } from './differential/defect-cases.ts';
import type { DifferentialCase, Judge, Judgement, Verdict, Workshop } from './differential/differential-case.ts';
import { type Difference, explain, readExplanations } from './differential/explanations.ts';
import { keyCases } from './differential/key-cases.ts';
import { keylessCases } from './differential/keyless-cases.ts';
import { notaryCases } from './differential/notary-cases.ts';
import { createNotationJudge } from './differential/notation-judge.ts';
import { createOwnJudge } from './differential/own-judge.ts';
import { loadSigstoreJs } from './differential/sigstore-js.ts';
import { createSigstoreJsJudge } from './differential/sigstore-js-judge.ts';
import { createWorkshop } from './differential/workshop.ts';
import { findTool } from './tool-paths.ts';

const concurrency = 4;
const quickStride = 6;

interface Services {
  readonly workshop: Workshop;
  readonly judges: readonly Judge[];
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

async function startServices(): Promise<Services> {
  const [cosign2, cosign3, notation] = [findTool('cosign-2'), findTool('cosign-3'), findTool('notation')];
  const missing: string[] = [];
  const judges: Judge[] = [];
  let cosign: RealCosign | undefined;
  if ('missing' in cosign2 || 'missing' in cosign3) {
    missing.push(...[cosign2, cosign3].flatMap((tool) => ('missing' in tool ? [`cosign: ${tool.missing}`] : [])));
  } else {
    cosign = await startRealCosign({ 2: cosign2.path, 3: cosign3.path });
    judges.push(createCosignJudge(cosign, 2, cosign2.version), createCosignJudge(cosign, 3, cosign3.version));
  }
  const registry = cosign?.registry ?? (await startRegistry());
  const sigstore = cosign?.sigstore ?? (await startSigstore());
  const workshop = createWorkshop(registry, sigstore);
  if ('missing' in notation) missing.push(`notation: ${notation.missing}`);
  else judges.push(await createNotationJudge(notation.path, notation.version));
  const sigstoreJs = await loadSigstoreJs();
  if (typeof sigstoreJs === 'string') missing.push(`sigstore-js: ${sigstoreJs}`);
  else judges.push(createSigstoreJsJudge(sigstoreJs, workshop));
  const own = createOwnJudge(workshop);
  return {
    workshop,
    judges: [own, ...judges],
    missing,
    async stop() {
      await Promise.all([own, ...judges].map((judge) => judge.stop?.()));
      await (cosign === undefined ? Promise.all([registry.stop(), sigstore.stop()]) : cosign.stop());
    },
  };
}

type Judgements = ReadonlyMap<string, Judgement>;

/** Signs one image and asks all that can answer. */
async function judgeCase(asked: DifferentialCase, index: number, { workshop, judges }: Services): Promise<Judgements> {
  const { registry } = workshop;
  const pushed = pushImage(registry, `case/n${index}:v1`, { labels: { case: asked.name } });
  const { repository, digest } = pushed;
  const { layerDigest } = asked.sign(`${repository}:v1`, repository, digest);
  const evidence = registry.content.blob(repository, layerDigest) ?? Buffer.alloc(0);
  const artefact = { host: registry.host, repository, digest, evidence };
  const answering = judges.filter((judge) => judge.answers(asked));
  const found = await Promise.all(
    answering.map(async (judge) => [judge.name, await judge.judge(asked, artefact)] as const),
  );
  return new Map(found);
}

/** What differs from this tree's verdict: tools, and what the case was made to be. */
function differencesOf(asked: DifferentialCase, judgements: Judgements): Difference[] {
  const own = judgements.get('vouchsafe');
  if (own === undefined) throw new Error('this tree was not asked');
  const others: [string, Verdict, string][] = [...judgements].map(([tool, { verdict, words }]) => [
    tool,
    verdict,
    words,
  ]);
  return [...others, ['intended', asked.intended, ''] as const]
    .filter(([, verdict]) => verdict !== own.verdict)
    .map(([tool, theirs, theirWords]) => ({ case: asked.name, tool, theirs, theirWords, ourWords: own.words }));
}

async function judgeAll(cases: readonly DifferentialCase[], services: Services): Promise<Judgements[]> {
  const results: Judgements[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < cases.length; index = next++) {
      const asked = cases[index];
      if (asked !== undefined) results[index] = await judgeCase(asked, index, services);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}

function printTable(
  cases: readonly DifferentialCase[],
  results: readonly Judgements[],
  judges: readonly Judge[],
): void {
  const row = (cells: readonly string[]) =>
    console.log(cells.map((cell, at) => cell.padEnd(at === 0 ? 24 : 11)).join(' '));
  row(['tool', 'asked', 'accepts', 'refuses', 'as made', 'as ours']);
  for (const { name, version } of judges) {
    const asked = cases.flatMap(({ intended }, at) => {
      const verdict = results[at]?.get(name)?.verdict;
      return verdict === undefined ? [] : [{ verdict, intended, own: results[at]?.get('vouchsafe')?.verdict }];
    });
    const count = (fits: (one: (typeof asked)[number]) => boolean) => String(asked.filter(fits).length);
    row([
      `${name} ${version}`,
      String(asked.length),
      count(({ verdict }) => verdict === 'accept'),
      count(({ verdict }) => verdict === 'refuse'),
      count(({ verdict, intended }) => verdict === intended),
      count(({ verdict, own }) => verdict === own),
    ]);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const isQuick = args.includes('--quick');
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '') : '';
  const services = await startServices();
  try {
    const { workshop, judges, missing } = services;
    const all = [keyCases, keylessCases, defectCases, notaryCases].flatMap((make) => make(workshop));
    const cases = all.filter(({ name }, at) => name.includes(only) && (!isQuick || at % quickStride === 0));
    const results = await judgeAll(cases, services);
    const explanations = await readExplanations(new URL('../conformance/differential-explained.json', import.meta.url));
    const differences = cases.flatMap((asked, at) => differencesOf(asked, results[at] ?? new Map()));
    const unexplained = differences.filter((difference) => explain(difference, explanations) === undefined);
    console.log(`${cases.length} artefacts of ${all.length}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
    printTable(cases, results, judges);
    for (const text of missing) console.log(`not run: ${text}`);
    const isWhole = !isQuick && only === '';
    let stale = 0;
    for (const explanation of explanations) {
      const count = differences.filter((difference) => explain(difference, explanations) === explanation).length;
      const wasAsked = explanation.tool === 'intended' || judges.some(({ name }) => name === explanation.tool);
      if (count > 0) console.log(`explained ${count} x ${explanation.tool} ${explanation.theirs}: ${explanation.why}`);
      if (count > 0 || !isWhole || !wasAsked) continue;
      stale += 1;
      console.log(`STALE explanation, fits nothing: ${explanation.tool} ${explanation.case}`);
    }
    for (const { case: name, tool, theirs, theirWords, ourWords } of unexplained) {
      console.log(`DIFFERENCE ${name}: ${tool} says ${theirs}`);
      console.log(`  ours:   ${ourWords || 'accepted'}\n  theirs: ${theirWords || theirs}`);
    }
    console.log(`${differences.length} differences, ${unexplained.length} not explained, ${stale} stale explanations`);
    return unexplained.length === 0 && stale === 0 ? 0 : 1;
  } finally {
    await services.stop();
  }
}

process.exitCode = await main(process.argv.slice(2));
