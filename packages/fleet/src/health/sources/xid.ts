import type { Observation } from "../report.ts";

/** `NVRM: Xid (PCI:0000:1b:00): 79, pid=1234, name=python, GPU has fallen off the bus.` as the kernel logs it, whatever stands before. */
const LINE = /NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]+)\): (\d{1,4})(?:, (.*))?/;

/**
 * XID errors among the lines of a kernel's log. A component is `GPU3` where `gpuAt` knows the PCI address, else the address itself.
 * Lines that are none are passed over.
 */
export function readXids(text: string, gpuAt: ReadonlyMap<string, number> = new Map()): readonly Observation[] {
  const found: Observation[] = [];
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, address, xid, what = ""] = match;
    const pci = address.toLowerCase().replace(/\.\d$/, "");
    const gpu = gpuAt.get(pci);
    found.push({ signal: String(Number(xid)), value: 1, component: gpu === undefined ? pci : `GPU${gpu}`, text: `Xid ${xid}: ${what.trim()}`.slice(0, 200) }); // prettier-ignore
  }
  return found;
}
