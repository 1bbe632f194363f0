import type { Site } from "@pulmu/site";
import type { Work } from "../curves/work.ts";

/** A rack that draws less than this share of what its provisioned power is works for nobody. */
const IDLE_SHARE = 0.3;

/**
 * What to assume where nobody tells who works where: a rack whose trusted meter shows next to nothing idles; any other, and any whose
 * meter is not trusted, wants all it can have, as training does.
 */
export function assumedWorks({ racks }: Site, readingW: Float64Array): readonly Work[] {
  const pieces = racks.flatMap(({ type, provisionedW }, rack) =>
    readingW[rack] < provisionedW * IDLE_SHARE ? [] : [{ rack, gpus: type.trays * type.gpusPerTray }],
  );
  return [{ id: "unknown", serviceClass: "standard", value: 1, gang: false, mix: { training: 1 }, pieces }];
}
