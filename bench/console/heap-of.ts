/** The heap of a Node process that listens to its inspector, after a collection: https://chromedevtools.github.io/devtools-protocol/v8/ */
export class NodeHeap {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: { readonly result?: { readonly usedSize?: number } }) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as { readonly id?: number; readonly result?: { readonly usedSize?: number } };
      this.#waiting.get(answer.id ?? NaN)?.(answer);
      this.#waiting.delete(answer.id ?? NaN);
    });
  }

  /** @param address what the process says on its standard error: `ws://127.0.0.1:…` */
  static async open(address: string): Promise<NodeHeap> {
    const socket = new WebSocket(address);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`no inspector at ${address}`)));
    await promise;
    return new NodeHeap(socket);
  }

  /** MB that are in use once everything that is not has been collected. */
  async usedMB(): Promise<number> {
    await this.#call("HeapProfiler.collectGarbage");
    const { result } = await this.#call("Runtime.getHeapUsage");
    return (result?.usedSize ?? NaN) / 1e6;
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string): Promise<{ readonly result?: { readonly usedSize?: number } }> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<{ readonly result?: { readonly usedSize?: number } }>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method }));
    return promise;
  }
}
