// What Vouchsafe uses of undici, for bundles: the package's entry also loads fetch, WebSockets, caches and mocks, and half
// the modules of Node with them, at every start. `tools/build.ts` puts this in its place; a name that is missing here fails
// the build.
import api from 'undici/lib/api/index.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';

Object.assign(Dispatcher.prototype, api);

export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';

/** As undici's, where a dispatcher is named. */
export function request(url, { dispatcher, ...options }) {
  const { origin, pathname, search } = new URL(url);
  return dispatcher.request({ ...options, origin, path: `${pathname}${search}`, method: options.method ?? 'GET' });
}
