import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Demand, DemandKey } from '../../model/demand.ts';
import { orderKeys, type PatternKey } from './map-keys.ts';
import { needsExpansion } from './metadata-wildcards.ts';
import { compileScalar } from './scalar-pattern.ts';

/** What a pattern demands; `undefined` for one that is more than demands: anchors that skip, positions in lists, wildcards as keys. */
export function toDemand(pattern: Json): Demand | undefined {
  if (isJsonArray(pattern)) return ofList(pattern);
  if (isJsonObject(pattern)) return ofMap(pattern);
  return { kind: 'value', test: compileScalar(pattern), inList: false };
}

/** The first element decides what the list means. */
function ofList([first]: readonly Json[]): Demand | undefined {
  if (first === undefined || isJsonArray(first)) return undefined;
  if (!isJsonObject(first)) return { kind: 'value', test: compileScalar(first), inList: true };
  const element = ofMap(first);
  return element && { kind: 'each', element };
}

function ofMap(pattern: JsonObject): Demand | undefined {
  if (needsExpansion(pattern)) return undefined;
  const { anchors, others } = orderKeys(pattern);
  const keys: DemandKey[] = [];
  for (const key of [...anchors, ...others]) {
    const demanded = ofKey(key);
    if (!demanded) return undefined;
    keys.push(demanded);
  }
  return { kind: 'map', keys };
}

function ofKey({ key, modifier, name, pattern }: PatternKey): DemandKey | undefined {
  if (modifier === 'X') return { name, kind: 'forbidden' };
  if (modifier === undefined && pattern === '*') return { name: key, kind: 'filled' };
  if (modifier !== undefined && modifier !== '=') return undefined;
  const demand = toDemand(pattern);
  return demand && { name, kind: modifier === '=' ? 'optional' : 'required', demand };
}
