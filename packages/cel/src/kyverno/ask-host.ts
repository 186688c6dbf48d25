import {
  declareFunction,
  type FunctionDeclaration,
  member,
  type Overload,
  overload,
  withHost,
} from '../declare/function-declaration.ts';
import { CelError } from '../values/cel-error.ts';
import { isMap, mapGet, mapKeys } from '../values/cel-map.ts';
import type { CelType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import type { Answer, CelHost } from './cel-host.ts';

/** Implementations that are given the host; a missing host is one that answers nothing. */
export type HostCall = (host: CelHost, ...args: never[]) => CelResult;

const NO_HOST: CelHost = {};

function bound(call: HostCall): (host: CelHost | undefined, ...args: never[]) => CelResult {
  return (host, ...args) => call(host ?? NO_HOST, ...args);
}

/** A method over the host; the first parameter is the target. */
export function hostMember(id: string, parameters: readonly CelType[], result: CelType, call: HostCall): Overload {
  return withHost(member(id, parameters, result, bound(call)));
}

/** A function over the host. */
export function hostOverload(id: string, parameters: readonly CelType[], result: CelType, call: HostCall): Overload {
  return withHost(overload(id, parameters, result, bound(call)));
}

/** A function in its own spelling and in camel case: `Get` and `get`. */
export function bothSpellings(name: string, ...overloads: Overload[]): readonly FunctionDeclaration[] {
  const camel = name.charAt(0).toLowerCase() + name.slice(1);
  const renamed = overloads.map((declared) => ({ ...declared, id: `${declared.id}_camel` }));
  return [declareFunction(name, ...overloads), declareFunction(camel, ...renamed)];
}

/** The answer under a prefix when it is an error, or the error that nobody answers such questions here. */
export function answered<Value extends CelValue>(what: string, answer: Answer<Value> | undefined): CelResult {
  if (answer === undefined) return new CelError(`${what}: not available`);
  return answer instanceof CelError ? new CelError(`${what}: ${answer.message}`) : answer;
}

/** A map of texts as a record without inherited members. */
export function toTexts(map: CelValue): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null);
  if (isMap(map)) for (const key of mapKeys(map)) texts[String(key)] = String(mapGet(map, key));
  return texts;
}
