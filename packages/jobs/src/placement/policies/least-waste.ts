import type { Policy } from "../policy.ts";
import type { Waste } from "../waste.ts";
import { leftAfter } from "./published.ts";

/** Gains of waste that differ by less count as equal, thousandths of a card: below it the node that is fuller already matters more. */
const INDIFFERENT_MILLI = 40;

/**
 * Ours. Where the waste for the GPU work to come falls most; among nodes that are about as good, the one with the least left. It differs
 * from fragmentation gradient descent in three ways: work that needs no GPU does not count as wasting all cards, rare shapes count as
 * well, and equals are told apart by what is left and not by their names.
 *
 * @param waste measured with the GPU shapes alone, all of them
 */
export function leastWaste(waste: Waste): Policy {
  return {
    name: "Pulmu",
    // `leftAfter` is below 1: it orders what the whole number leaves equal.
    score: (cluster, node, shape) =>
      Math.floor(waste.gain(cluster, node, shape).milli / INDIFFERENT_MILLI) - 0.999 * leftAfter(cluster, node, shape),
    card: (cluster, node, shape) => waste.gain(cluster, node, shape).card,
  };
}
