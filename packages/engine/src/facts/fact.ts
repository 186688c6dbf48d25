import type { Json } from '../kernel/json.ts';

/** `transient` may succeed when tried again; the others will not. Only `not-found` and `permanent` may be cached. */
export type FactFailureClass = 'not-found' | 'denied' | 'permanent' | 'transient' | 'timed-out' | 'unavailable';

export interface FactFailure {
  readonly ok: false;
  readonly class: FactFailureClass;
  /** One line, without secrets; shown in rule messages. */
  readonly message: string;
}

export type Fact<Value = Json> = { readonly ok: true; readonly value: Value } | FactFailure;
