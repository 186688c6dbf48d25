// What commander uses of `node:child_process`, in the bundle: for commands that are programs of their own, which we have
// none of. Loading the module takes milliseconds of each start.
// biome-ignore lint/style/noDefaultExport: it is what commander imports
export default { spawn: (...args) => process.getBuiltinModule('node:child_process').spawn(...args) };
