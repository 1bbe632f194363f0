import { formatDuration } from "@pulmu/units";

/** Where progress is told: stderr, so that stdout stays for results. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Nothing is shown of work that is done sooner than this. */
const QUIET_MS = 1_000;
const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;

/** How far a long work is: a bar on a terminal, a line every 10 s elsewhere, both with an estimate of the time left. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #shownMs: number;
  #drawn = false;

  /** @param nowMs the time, handed in: `performance.now` in the program */
  constructor(stream: ProgressStream, nowMs: () => number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    this.#shownMs = this.#startMs;
  }

  /** @param share done of the whole, 0…1; @param text what is being done, such as `12:40 of 24 h` */
  update(share: number, text: string): void {
    const nowMs = this.#nowMs();
    const terminal = this.#stream.isTTY === true;
    if (nowMs - this.#startMs < QUIET_MS || nowMs - this.#shownMs < (terminal ? REDRAW_MS : LINE_EVERY_MS)) return;
    this.#shownMs = nowMs;
    const elapsedS = (nowMs - this.#startMs) / 1000;
    const left = share > 0 ? `, ${formatDuration(Math.ceil((elapsedS * (1 - share)) / share))} left` : "";
    const status = `${(share * 100).toFixed(0).padStart(3)} %  ${text}${left}`;
    if (!terminal) return void this.#stream.write(`${status.trimStart()}\n`);
    this.#drawn = true;
    const columns = Math.max(0, Math.min(40, (this.#stream.columns ?? 80) - status.length - 3));
    const full = Math.round(share * columns);
    this.#stream.write(`\r${"━".repeat(full)}${"┄".repeat(columns - full)} ${status}\x1b[K`);
  }

  /** Takes the bar away. */
  done(): void {
    if (this.#drawn) this.#stream.write("\r\x1b[K");
  }
}
