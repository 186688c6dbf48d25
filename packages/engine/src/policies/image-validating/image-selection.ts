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
 * written, so that `nginx` passes by a policy about `docker.io/*`; here the complete reference may be selected as well.
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
    const own = selects(tests, image, host);
    const complete = own === true ? image : completeReference(image, settings);
    return complete === image ? own : either(own, () => selects(tests, complete, host));
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

function either(own: boolean | CelError, other: () => boolean | CelError): boolean | CelError {
  if (own instanceof CelError) return own;
  return other();
}

/** `nginx` as `docker.io/nginx:latest`; what is no reference stays as it is. */
function completeReference(image: string, { defaultRegistry }: ImageReferenceSettings): string {
  const parsed = parseImageReference(image, { defaultRegistry, enableDefaultRegistryMutation: true });
  return parsed instanceof EvaluationError ? image : parsed.reference;
}
