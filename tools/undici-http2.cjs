// Stands in for undici's HTTP/2 in bundles: with it come `node:http2` and `node:tls`, which take a sixth of a run's time to
// load, and most servers are spoken to in HTTP/1.1. Loaded when a server has chosen HTTP/2.
module.exports = (client, socket) => require('undici/lib/dispatcher/client-h2.js')(client, socket);
