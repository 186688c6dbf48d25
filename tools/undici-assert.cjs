// Stands in for `node:assert` where undici, in the bundle of the command line, checks itself. With the module come those
// that show differences of values, which take milliseconds of a run to load.
module.exports = (holds, message = 'an assertion does not hold') => {
  if (!holds) throw message instanceof Error ? message : new Error(message);
};
