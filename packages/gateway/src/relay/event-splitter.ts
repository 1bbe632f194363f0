const LF = 10;
const CR = 13;

/** Position after the blank line that ends the event which contains `from`; -1 when it is not all there. Lines end with LF or CR LF. */
export function endOfEvent(data: Buffer, from: number): number {
  for (let at = data.indexOf(LF, from); at >= 0; at = data.indexOf(LF, at + 1)) {
    if (data[at + 1] === LF) return at + 2;
    if (data[at + 1] === CR && data[at + 2] === LF) return at + 3;
  }
  return -1;
}

/** The data of one event: its `data:` lines joined, as https://html.spec.whatwg.org/multipage/server-sent-events.html says. */
export function dataOf(event: Buffer): string {
  const lines: string[] = [];
  for (const line of event.toString("utf8").split(/\r?\n/)) if (line.startsWith("data:")) lines.push(line.slice(line[5] === " " ? 6 : 5));
  return lines.join("\n");
}
