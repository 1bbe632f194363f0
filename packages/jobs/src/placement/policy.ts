import type { Cluster } from "./cluster.ts";
import type { Shape } from "./shape.ts";

/** How a scheduler chooses among the nodes that a shape fits on. */
export interface Policy {
  readonly name: string;
  /** The highest wins; of equals, the first node. Depends on the node and the shape alone, unless `anew`. */
  score(cluster: Cluster, node: number, shape: Shape): number;
  /** The card for a share; by default the tightest. */
  card?(cluster: Cluster, node: number, shape: Shape): number;
  /** Its scores are not to be remembered. */
  readonly anew?: true;
}
