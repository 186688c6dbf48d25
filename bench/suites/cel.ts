import { celTypes, createKubernetesEnvironment } from '../../packages/cel/src/index.ts';
import type { CelValue } from '../../packages/cel/src/values/cel-value.ts';
import { measurePolicies } from '../load/cel-policies.ts';
import type { Suite } from '../suite.ts';

const container = (name: string): CelValue => ({
  name,
  image: `registry.example.com/team/${name}:1.2.3`,
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '128Mi' } },
  ports: [{ containerPort: 8080, protocol: 'TCP' }],
  securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
});

const POD: CelValue = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', team: 'shop' }, annotations: { note: 'x' } },
  spec: {
    serviceAccountName: 'web',
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'config', configMap: { name: 'web' } },
    ],
    containers: [container('web'), container('proxy'), container('log')],
  },
};

/** What policies ask most often, over a Pod of three containers. All hold. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  'two-comparisons': "object.metadata.namespace == 'shop' && object.kind == 'Pod'",
  'label-present':
    "has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels['app'] != ''",
  'run-as-non-root':
    'object.spec.containers.all(c, has(c.securityContext) && has(c.securityContext.runAsNonRoot) && c.securityContext.runAsNonRoot == true)',
  'no-latest': "object.spec.containers.all(c, !c.image.endsWith(':latest'))",
  'image-pattern': "object.spec.containers.all(c, c.image.matches('^registry[.]example[.]com/'))",
  'limits-and-requests':
    'object.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && has(c.resources.limits.memory) && has(c.resources.requests) && has(c.resources.requests.cpu))',
  'nested-ports': 'object.spec.containers.all(c, !has(c.ports) || c.ports.all(p, !has(p.hostPort) || p.hostPort == 0))',
  'drop-all':
    "object.spec.containers.all(c, has(c.securityContext) && has(c.securityContext.capabilities) && has(c.securityContext.capabilities.drop) && 'ALL' in c.securityContext.capabilities.drop)",
  'filter-map-size': "object.spec.containers.filter(c, c.name != 'log').map(c, c.image).size() == 2",
  'no-host-path': '!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))',
  'optional-chain': "object.metadata.?annotations[?'note'].orValue('') == 'x'",
};

const ROUNDS = 7;
const ROUND_MILLISECONDS = 40;

/** Nanoseconds of one call: the best of some rounds, since everything else only adds. */
function nanoseconds(call: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  let batch = 16;
  for (let round = 0; round < ROUNDS; ) {
    const begun = performance.now();
    for (let index = 0; index < batch; index++) call();
    const took = performance.now() - begun;
    if (took < ROUND_MILLISECONDS) {
      batch *= 2;
      continue;
    }
    best = Math.min(best, (took * 1e6) / batch);
    round++;
  }
  return best;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Another evaluator, from a folder outside of the repository that has it installed. */
interface Rival {
  readonly name: string;
  readonly prepare: (text: string) => (() => unknown) | undefined;
}

interface MarcBachmann {
  readonly Environment: new (options: object) => RivalEnvironment;
}

interface RivalEnvironment {
  registerVariable(name: string, type: string): RivalEnvironment;
  parse(text: string): (variables: object) => unknown;
}

/** The fastest evaluator on npm. Its optionals have to be asked for; integers have to be converted beforehand. */
async function loadRival(folder: string): Promise<Rival> {
  // A package that is not installed here has the shape its documentation gives.
  const { Environment } = (await import(`${folder}/node_modules/@marcbachmann/cel-js/lib/index.js`)) as MarcBachmann;
  const environment = new Environment({ enableOptionalTypes: true }).registerVariable('object', 'dyn');
  const object = JSON.parse(JSON.stringify(POD), (_, value: unknown) =>
    Number.isInteger(value) ? BigInt(Number(value)) : value,
  );
  return {
    name: 'marcbachmann',
    prepare(text) {
      const program = environment.parse(text);
      return () => program({ object });
    },
  };
}

/**
 * Expressions of policies: compiling one and evaluating it. With `CEL_RIVALS` naming a folder that has other
 * evaluators installed, the same is measured with them.
 */
export const cel: Suite = {
  name: 'cel',
  summary: 'CEL: eleven expressions of policies over a Pod, compiled and evaluated; fifteen policies on a Pod',
  async run(report) {
    const folder = process.env['CEL_RIVALS'];
    const rival = folder === undefined ? undefined : await loadRival(folder);
    const environment = createKubernetesEnvironment({ variables: { object: celTypes.DYN } });
    const compiles: number[] = [];
    const evaluations: number[] = [];
    const rivals: number[] = [];
    for (const [name, text] of Object.entries(EXPRESSIONS)) {
      const compiled = environment.compile(text);
      if ('issues' in compiled) throw new Error(`${name} does not compile`);
      const activation = { object: POD };
      if (compiled.program.evaluate(activation) !== true) throw new Error(`${name} does not hold`);
      compiles.push(nanoseconds(() => environment.compile(text)) / 1000);
      evaluations.push(nanoseconds(() => compiled.program.evaluate(activation)));
      report(`${name}.evaluate`, evaluations.at(-1) ?? 0, 'ns');
      const other = rival?.prepare(text);
      if (other === undefined) continue;
      rivals.push(nanoseconds(other));
      report(`${name}.${rival?.name}`, rivals.at(-1) ?? 0, 'ns');
    }
    report('compile', geometricMean(compiles), 'µs', { must: 30, lower: true });
    report('compile.slowest', Math.max(...compiles), 'µs');
    report('evaluate', geometricMean(evaluations), 'ns', { must: 400, lower: true });
    await measurePolicies(report);
    if (rivals.length > 0) {
      report('times-faster', geometricMean(rivals) / geometricMean(evaluations), '×', { must: 3 });
    }
  },
};
