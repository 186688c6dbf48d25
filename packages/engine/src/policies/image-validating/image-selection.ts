import { CelError, type CelHost, celTypes, createKyvernoEnvironment } from '@vouchsafe/cel';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { compileGlob } from '../../kernel/glob.ts';
import { type ImageReferenceSettings, parseImageReference } from '../../kernel/image-reference.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { compileExpression, type PolicyExpression, WANT_BOOL } from '../../lang/cel/policy-language.ts';
import { readObjects, readText } from '../../model/read-json.ts';

/**
 * Whether a policy is about an image, as written in the resource. An error of an expression is one of the policy. Throws
 * only what the host throws (`Need`).
 */
export type ImageSelection = (image: string, host: CelHost) => boolean | CelError;

type ReferenceTest = (reference: string, host: CelHost) => boolean | CelError;

/**
 * `matchImageReferences`: one of them suffices, and without any every image is selected. Kyverno looks at the image as it is
 * written, so that `nginx` and `DOCKER.IO/nginx` pass by a policy about `docker.io/*`; here any name of the image selects it.
 */
export function compileImageSelection(
  spec: JsonObject,
  settings: ImageReferenceSettings,
  report: (diagnostic: Diagnostic) => void,
): ImageSelection {
  const written = readObjects(spec, 'matchImageReferences');
  const tests = written.flatMap(
    (item, index) => compileTest(item, `spec.matchImageReferences[${index}]`, report) ?? [],
  );
  if (written.length === 0) return () => true;
  return (image, host) => {
    for (const reference of namesOf(image, settings)) {
      const selected = selects(tests, reference, host);
      if (selected !== false) return selected;
    }
    return false;
  };
}

function compileTest(
  item: JsonObject,
  path: string,
  report: (diagnostic: Diagnostic) => void,
): ReferenceTest | undefined {
  const glob = readText(item, 'glob');
  if (glob) {
    const test = compileGlob(glob);
    if (!(test instanceof EvaluationError)) return test;
    report({ code: 'policy-invalid-value', severity: 'error', message: test.message, path: `${path}.glob` });
    return undefined;
  }
  const text = readText(item, 'expression');
  if (text) {
    const asked = { text, path: `${path}.expression`, wanted: WANT_BOOL, costLimit: undefined, report };
    const expression = compileExpression(matchingEnvironment(), asked);
    return expression && expressionTest(expression);
  }
  const message = 'either glob or expression must be set';
  report({ code: 'policy-missing-field', severity: 'error', message, path });
  return undefined;
}

function matchingEnvironment() {
  environment ??= createKyvernoEnvironment('image-matching', { variables: { ref: celTypes.STRING } });
  return environment;
}
let environment: ReturnType<typeof createKyvernoEnvironment> | undefined;

function expressionTest(expression: PolicyExpression): ReferenceTest {
  return (ref, host) => {
    const value = expression.evaluate({ activation: { ref }, host });
    if (value instanceof CelError) return value;
    return value === true;
  };
}

/** In order, as upstream: what is true decides, and so does an error before it. */
function selects(tests: readonly ReferenceTest[], reference: string, host: CelHost): boolean | CelError {
  for (const test of tests) {
    const selected = test(reference, host);
    if (selected !== false) return selected;
  }
  return false;
}

/**
 * The names of one and the same image: as it is written, complete (`nginx` as `docker.io/nginx:latest`), and with the registry and the
 * repository that it is pulled from. What is no reference has one name.
 */
function namesOf(image: string, { defaultRegistry }: ImageReferenceSettings): ReadonlySet<string> {
  const parsed = parseImageReference(image, { defaultRegistry, enableDefaultRegistryMutation: true });
  if (parsed instanceof EvaluationError) return new Set([image]);
  const registry = canonicalRegistry(parsed.registry);
  const path = registry === 'docker.io' && !parsed.path.includes('/') ? `library/${parsed.path}` : parsed.path;
  const identifier = parsed.digest === '' ? `:${parsed.tag}` : `@${parsed.digest}`;
  return new Set([image, parsed.reference, `${registry}/${path}${identifier}`]);
}

const DOCKER_HUB: ReadonlySet<string> = new Set(['index.docker.io', 'registry-1.docker.io']);

/** Names of hosts know no case, and the port of HTTPS goes without saying. */
function canonicalRegistry(registry: string): string {
  const host = registry.toLowerCase().replace(/:443$/, '');
  return DOCKER_HUB.has(host) ? 'docker.io' : host;
}
