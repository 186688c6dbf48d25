/** Work that several callers want at the same time, done once. Nothing is remembered after it is done. */
export class SingleFlight<Value> {
  readonly #running = new Map<string, Promise<Value>>();

  get size(): number {
    return this.#running.size;
  }

  /** The running work of this name, or `start`'s, now running. A rejection is everybody's who joined. */
  share(key: string, start: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = start().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
