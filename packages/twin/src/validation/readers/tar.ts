/** One file of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly text: string;
}

const BLOCK = 512;

/** Regular files of a tar archive (POSIX ustar: a header block with name and octal size, then the contents in whole blocks). */
export function readTar(bytes: Uint8Array): readonly TarEntry[] {
  const decoder = new TextDecoder();
  const field = (at: number, length: number): string => decoder.decode(bytes.subarray(at, at + length)).replace(/\0.*$/s, "");
  const entries: TarEntry[] = [];
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const name = field(at, 100);
    if (name === "") break;
    const size = Number.parseInt(field(at + 124, 12).trim(), 8) || 0;
    const type = field(at + 156, 1);
    if (type === "" || type === "0") entries.push({ name, text: decoder.decode(bytes.subarray(at + BLOCK, at + BLOCK + size)) });
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  return entries;
}
