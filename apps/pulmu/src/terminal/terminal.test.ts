import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { WriteStream } from "node:tty";
import { latency, localTime, utcOffset } from "./format.ts";
import { stackPanels, tableRow, type Panel } from "./panel.ts";
import { Progress } from "./progress.ts";
import { Screen } from "./screen.ts";
import { sparkline } from "./sparkline.ts";
import { layout, layoutApart, textWidth, wantsColour } from "./style.ts";

test("Hangul takes two columns, escape codes none", () => {
  assert.equal(textWidth("세종 55"), 7);
  assert.equal(textWidth("\x1b[1mbold\x1b[0m"), 4);
});

test("a line is cut with an ellipsis or padded to its width, never through the middle of a wide character", () => {
  assert.equal(layout([["Pulmu"]], 8), "Pulmu   ");
  assert.equal(layout([["a long name"]], 6), "a lon…");
  assert.equal(layout([["세종시"]], 4), "세… ");
  assert.equal(layoutApart([["left side"]], [["right"]], 12), "left s…right");
});

test("a table row gives the first cell what the others leave, and sets numbers to the right", () => {
  assert.equal(
    tableRow(
      [
        ["rack", 0],
        ["42", -5],
        ["x", 3],
      ],
      16,
    ),
    "rack       42x  ",
  );
});

test("panels keep their lines where there is room, and the least important leaves first", () => {
  const panel = (title: string, rank: number, lines: number): Panel => ({
    title,
    rank,
    lines: Array.from({ length: lines }, (_, i) => `${title}${i}`),
  });
  const panels = [panel("a", 2, 3), panel("b", 1, 3), panel("c", 3, 1)];
  assert.deepEqual(stackPanels(panels, 20), ["a", "a0", "a1", "a2", "b", "b0", "b1", "b2", "c", "c0"]);
  assert.deepEqual(stackPanels(panels, 7), ["a", "a0", "a1", "b", "b0", "c", "c0"]);
  assert.deepEqual(stackPanels(panels, 5), ["a", "a0", "a1", "c", "c0"]);
  assert.deepEqual(stackPanels(panels, 1), []);
});

test("a sparkline spans what it sees, keeps noise flat and leaves gaps", () => {
  assert.equal(sparkline([0, 50, 100]), "▁▅█");
  assert.equal(sparkline([100, 100.01, 99.99]), "▅▅▄");
  assert.equal(sparkline([NaN, 1, NaN]), " ▅ ");
  assert.equal(sparkline([NaN, NaN]), "  ");
  assert.equal(sparkline([0, 0]), "▁▁");
});

test("colour: a terminal has it, a file has not, and the user's word stands above both", () => {
  const terminal = { isTTY: true };
  assert.equal(wantsColour(terminal, {}), true);
  assert.equal(wantsColour({}, {}), false);
  assert.equal(wantsColour(terminal, { NO_COLOR: "1" }), false);
  assert.equal(wantsColour(terminal, { NO_COLOR: "" }), true);
  assert.equal(wantsColour({}, { FORCE_COLOR: "1" }), true);
  assert.equal(wantsColour(terminal, { FORCE_COLOR: "0" }), false);
  assert.equal(wantsColour(terminal, { TERM: "dumb" }), false);
});

test("latencies keep two or three figures", () => {
  assert.deepEqual([0.0214, 0.84, 0.99951, 1.844, 12.34, 184.3, NaN].map(latency), [
    "21 ms",
    "840 ms",
    "1.00 s",
    "1.84 s",
    "12.3 s",
    "184 s",
    "–",
  ]);
});

test("times are the site's own", () => {
  assert.equal(localTime(Date.UTC(2027, 7, 4, 20, 30, 5), 540), "2027-08-05 05:30:05");
  assert.deepEqual([540, 0, -210].map(utcOffset), ["+09:00", "+00:00", "-03:30"]);
});

/** A stream that keeps what is written to it. */
function paper(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 60, written, write: (text: string) => void written.push(text) };
}

test("progress is silent for a second, then draws a bar with the time left", () => {
  let nowMs = 0;
  const stream = paper(true);
  const progress = new Progress(stream, () => nowMs);
  nowMs = 999;
  progress.update(0.1, "1 h of 10 h");
  assert.deepEqual(stream.written, []);
  nowMs = 2_000;
  progress.update(0.25, "2 h 30 min of 10 h");
  assert.equal(stream.written[0], "\r━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  25 %  2 h 30 min of 10 h, 6 s left\x1b[K");
  progress.done();
  assert.equal(stream.written[1], "\r\x1b[K");
});

test("without a terminal progress is a line each 10 s", () => {
  let nowMs = 0;
  const stream = paper(false);
  const progress = new Progress(stream, () => nowMs);
  for (nowMs = 0; nowMs <= 25_000; nowMs += 100) progress.update(nowMs / 100_000, "work");
  progress.done();
  assert.deepEqual(stream.written, ["10 %  work, 1 min 30 s left\n", "20 %  work, 1 min 20 s left\n"]);
});

/** As much of a terminal as a screen needs. */
class FakeTerminal extends EventEmitter {
  columns = 40;
  rows = 10;
  writableNeedDrain = false;
  output = "";
  write(text: string): boolean {
    this.output += text;
    return true;
  }
}

function screenOn(terminal: FakeTerminal): Screen {
  return new Screen(terminal as unknown as WriteStream, (width, height) => [`${width}×${height}`, "second line"]);
}

test("a screen draws in place, draws again when the terminal is resized, and gives the cursor back", () => {
  const terminal = new FakeTerminal();
  const screen = screenOn(terminal);
  screen.draw();
  assert.ok(terminal.output.includes("\x1b[?25l"), "cursor hidden");
  assert.ok(terminal.output.includes("\x1b[H\x1b[2K40×10\r\n\x1b[2Ksecond line\r\n\x1b[2K\r\n"));
  terminal.columns = 30;
  terminal.emit("resize");
  assert.ok(terminal.output.includes("30×10"));
  screen.close();
  assert.ok(terminal.output.endsWith("\x1b[?7h\x1b[?25h\x1b[?1049l"));
  const length = terminal.output.length;
  screen.draw();
  screen.close();
  terminal.emit("resize");
  assert.equal(terminal.output.length, length, "a closed screen writes nothing");
});

test("a terminal that does not keep up gets fewer pictures, not a growing queue", () => {
  const terminal = new FakeTerminal();
  const screen = screenOn(terminal);
  terminal.writableNeedDrain = true;
  const length = terminal.output.length;
  screen.draw();
  assert.equal(terminal.output.length, length);
  screen.close();
});
