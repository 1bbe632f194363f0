/** A source of randomness that is handed in, so that the same seed gives the same run. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/**
 * sfc32 (Chris Doty-Humphrey's "small fast counting" generator, PractRand), seeded from a number and a name.
 * The name gives independent streams from one seed: `random(seed, "faults")`. Integer arithmetic only: same bytes everywhere.
 */
export function random(seed: number, stream = ""): Random {
  let hash = 0x811c9dc5 ^ (seed >>> 0); // FNV-1a over the stream's name, started from the seed
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  let a = hash | 0;
  let b = Math.floor(seed / 0x1_0000_0000) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 0x1_0000_0000;
  };
  for (let i = 0; i < 12; i++) next();
  return { next };
}
