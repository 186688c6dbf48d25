import { CelError, type CelResult, type CelValue } from '@vouchsafe/cel';
import { namedSecrets } from '../../facts/named-secrets.ts';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { PolicyLanguage, PolicyScope } from '../../lang/cel/policy-language.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';
import { compileValue, evaluateTexts } from './attestor-parts.ts';
import { AttestorValue, type EvaluatedAttestor } from './attestor-value.ts';
import { type AttestorSource, compileCosign } from './cosign-attestor.ts';

/** `attestors` of a policy: a map whose members are evaluated when they are first read. */
export type PolicyAttestors = (scope: PolicyScope) => CelValue;

/**
 * Compiles `spec.attestors`. An attestor that cannot be evaluated is an error to the expression that reads it.
 *
 * @param policyNamespace of a namespaced policy, whose Secrets are of its own namespace
 */
export function compileAttestors(
  spec: JsonObject,
  language: PolicyLanguage,
  policyNamespace: string | undefined,
): PolicyAttestors {
  const compiled = new Map<string, (scope: PolicyScope) => EvaluatedAttestor | CelError>();
  for (const [index, item] of readObjects(spec, 'attestors').entries()) {
    const path = `spec.attestors[${index}]`;
    const name = readText(item, 'name') ?? '';
    if (compiled.has(name)) language.report(duplicate(name, path));
    compiled.set(name, compileAttestor(name, item, path, language, policyNamespace));
  }
  return (scope) => lazyMembers(compiled, scope);
}

function duplicate(name: string, path: string): Diagnostic {
  const message = `another attestor is named \`${name}\`, too: this one counts`;
  return { code: 'policy-conflict', severity: 'warning', message, path: `${path}.name` };
}

function compileAttestor(
  name: string,
  item: JsonObject,
  path: string,
  language: PolicyLanguage,
  policyNamespace: string | undefined,
): (scope: PolicyScope) => EvaluatedAttestor | CelError {
  const cosign = readObject(item, 'cosign');
  const notary = readObject(item, 'notary');
  if (!cosign) {
    const source = compileNotary(notary, `${path}.notary`, language);
    return settle(name, source, { types: ['Notary'], secrets: [] });
  }
  reportLimits(cosign, `${path}.cosign`, language, policyNamespace);
  const source = compileCosign(cosign, `${path}.cosign`, language);
  const pullSecrets = readObjects(readObject(cosign, 'source'), 'PullSecrets');
  // A Secret of a namespaced policy is looked up where the policy is, and nowhere else.
  const secrets = namedSecrets(
    pullSecrets.flatMap((secret) => readText(secret, 'name') ?? []),
    policyNamespace,
  );
  // cosign 3 writes bundles, cosign 2 its own format: an image may have either, or one of each.
  return settle(name, source, { types: ['SigstoreBundle', 'Cosign'], secrets });
}

function reportLimits(
  cosign: JsonObject,
  path: string,
  language: PolicyLanguage,
  policyNamespace: string | undefined,
): void {
  if (readText(readObject(readObject(cosign, 'tuf'), 'root'), 'path')) {
    const message = 'a root in a file is not read; give it as `data`';
    language.report({ code: 'policy-unsupported', severity: 'error', message, path: `${path}.tuf.root.path` });
  }
  const kms = readText(readObject(cosign, 'key'), 'kms') ?? '';
  if (policyNamespace !== undefined && kms.startsWith('k8s://') && !kms.startsWith(`k8s://${policyNamespace}/`)) {
    const message = 'a namespaced policy reads keys of its own namespace only';
    language.report({ code: 'policy-invalid-value', severity: 'error', message, path: `${path}.key.kms` });
  }
}

function settle(
  name: string,
  source: AttestorSource,
  { types, secrets }: Pick<EvaluatedAttestor, 'types' | 'secrets'>,
): (scope: PolicyScope) => EvaluatedAttestor | CelError {
  return (scope) => {
    const attestor = source(scope);
    if (!(attestor instanceof CelError)) return { name, types, attestor, secrets };
    return new CelError(`failed to evaluate attestor \`${name}\`: ${attestor.message}`);
  };
}

/** Signatures of the Notary Project: certificates of signers, and of time stamp authorities where stamps are wanted. */
function compileNotary(notary: JsonObject | undefined, path: string, language: PolicyLanguage): AttestorSource {
  const texts = {
    certs: compileValue(notary, 'certs', path, language),
    tsaCerts: compileValue(notary, 'tsaCerts', path, language),
  };
  return (scope) => {
    const found = evaluateTexts(texts, scope);
    if (found instanceof CelError) return found;
    if (found.certs === undefined) return new CelError(`${path}: certificates are needed`);
    const ctlog = found.tsaCerts === undefined ? {} : { ctlog: { tsaCertChain: found.tsaCerts } };
    return { certificates: { certChain: found.certs, ...ctlog } };
  };
}

function lazyMembers(
  compiled: ReadonlyMap<string, (scope: PolicyScope) => EvaluatedAttestor | CelError>,
  scope: PolicyScope,
): CelValue {
  const members = {};
  for (const [name, evaluate] of compiled) {
    let known: CelResult | undefined;
    const get = (): CelResult => {
      if (known === undefined) {
        const evaluated = evaluate(scope);
        known = evaluated instanceof CelError ? evaluated : new AttestorValue(evaluated);
      }
      return known;
    };
    Object.defineProperty(members, name, { get, enumerable: true });
  }
  return members;
}
