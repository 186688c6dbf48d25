/** Milliseconds since some time, which no setting of the clock changes. `performance` is a module of Node that few runs need. */
export function steadyMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
