/** FNV-1a over a configuration's description. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * Half of the configurations are for fitting, half for judging. The split hashes what was configured, not what was measured nor where it
 * stands in a file: repeated measurements of one configuration fall into the same half, on any machine and in any order.
 */
export function isForFitting(configuration: readonly (string | number)[]): boolean {
  return hash(configuration.join("|")) % 2 === 0;
}
