/** `@vouchsafe/sandbox`: a cluster you can hold in your hand. */
export type { ConditionInput, MatchConditionCompiler } from './admission/webhooks/match-conditions.ts';
export type { UserInfo } from './api/user-info.ts';
export type { StaticToken } from './http/authentication.ts';
export type { ExchangeListener, ObservedExchange } from './http/observed-exchange.ts';
export { type ApiServer, type ApiServerOptions, startApiServer } from './http/start-api-server.ts';
export * from './registry/index.ts';
export * from './sigstore/index.ts';
