import { type Observation, readDcgm, readRedfish, readSlurmNodes, readXids, type SourceName } from "@pulmu/fleet";
import { PulmuError } from "@pulmu/units";

/** What a source sent about one node, as observations. @throws PulmuError `fleet.report` where it says nothing of the node, `fleet.*` where it cannot be read */
export function readReport(
  node: string,
  source: SourceName,
  { text, document }: { readonly text?: string | undefined; readonly document?: unknown },
): readonly Observation[] {
  const silent = (hint: string) =>
    new PulmuError({ code: "fleet.report", path: source, value: node, rule: "nothing in it is about this node", hint });
  switch (source) {
    case "dcgm": {
      const byHost = readDcgm(text ?? "", node);
      const own = byHost.get(node) ?? byHost.get(node.split("/").at(-1)!);
      if (own === undefined) throw silent('send dcgm-exporter\'s text as "text"; its Hostname is the node');
      return own;
    }
    case "xid":
      if (text === undefined) throw silent('send lines of the kernel\'s log as "text"');
      return readXids(text);
    case "redfish":
      return readRedfish(document);
    case "slurm": {
      const own = readSlurmNodes(document).find(({ id }) => id === node);
      if (own === undefined) throw silent('send the answer to GET /nodes as "document"');
      return own.observations;
    }
  }
}
