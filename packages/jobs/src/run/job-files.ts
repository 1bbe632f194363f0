import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CHECKPOINT_MARK, EXIT_MARK } from "../engines/engine.ts";

/** What jobs leave in their own directories, on a file system that their nodes and we see. */
export interface JobFiles {
  /** The job's own directory, absolute. */
  dirOf(jobId: string): string;
  /** Makes it, before the job may start. */
  prepare(jobId: string): Promise<void>;
  /** Changes whenever the job has saved its work: "" = never yet. */
  checkpointMark(jobId: string): Promise<string>;
  /** What its command ended with last; undefined = it has not, or it cannot be seen. */
  exitMark(jobId: string): Promise<number | undefined>;
}

export function jobFiles(root: string): JobFiles {
  const dirOf = (jobId: string) => join(root, jobId);
  return {
    dirOf,
    prepare: async (jobId) => void (await mkdir(dirOf(jobId), { recursive: true })),
    checkpointMark: async (jobId) => {
      try {
        const { mtimeMs, size } = await stat(join(dirOf(jobId), CHECKPOINT_MARK));
        return `${mtimeMs}/${size}`;
      } catch {
        return "";
      }
    },
    exitMark: async (jobId) => {
      try {
        const text = (await readFile(join(dirOf(jobId), EXIT_MARK), "utf8")).trim();
        return /^\d+$/.test(text) ? Number(text) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
