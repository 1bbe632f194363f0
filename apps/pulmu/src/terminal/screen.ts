import type { WriteStream } from "node:tty";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // another screen, cursor hidden, long lines cut
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[2K"; // before a line, not after: there it would take the last column with it
/** The terminal shows what stands between these at once: no flicker. Terminals that do not know them ignore them. */
const [HOLD, SHOW] = ["\x1b[?2026h", "\x1b[?2026l"];

/** A picture on the terminal, redrawn in place. Whatever ends the process, `close()` gives the terminal back as it was. */
export class Screen {
  readonly #stream: WriteStream;
  readonly #draw: (width: number, height: number) => readonly string[];
  readonly #redraw = () => this.draw();
  readonly #restore = () => this.close();
  #open = true;

  constructor(stream: WriteStream, draw: (width: number, height: number) => readonly string[]) {
    this.#stream = stream;
    this.#draw = draw;
    stream.write(ENTER);
    stream.on("resize", this.#redraw);
    process.on("SIGCONT", this.#redraw);
    process.on("exit", this.#restore);
  }

  draw(): void {
    // A reader that does not keep up (a slow remote terminal) gets fewer pictures, not a growing queue.
    if (!this.#open || this.#stream.writableNeedDrain) return;
    const { columns = 80, rows = 24 } = this.#stream;
    const lines = this.#draw(columns, rows);
    const picture = Array.from({ length: rows }, (_, i) => CLEAR_LINE + (lines[i] ?? ""));
    this.#stream.write(`${HOLD}${HOME}${picture.join("\r\n")}${SHOW}`); // no break after the last line: it would scroll
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stream.write(LEAVE);
    this.#stream.off("resize", this.#redraw);
    process.off("SIGCONT", this.#redraw);
    process.off("exit", this.#restore);
  }
}
