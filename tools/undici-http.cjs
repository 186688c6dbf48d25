// Stands in for `node:http` where undici, in the bundle of the command line, wants nothing of it but two members: a class
// that no body of ours is of, and the default of a bound that we always give. Loading the module takes milliseconds of a run.
module.exports = { IncomingMessage: class IncomingMessage {}, maxHeaderSize: 16 * 1024 };
