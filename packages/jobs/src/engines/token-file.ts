import { readFileSync } from "node:fs";
import { engineError } from "./problems.ts";

/** The engine's token: from a file, read anew for each call so that it can be renewed while we run, or as it is. */
export function tokenSource({ file, text }: { readonly file: string | undefined; readonly text: string | undefined }): () => string {
  if (file === undefined) return () => text ?? "";
  return () => {
    try {
      return readFileSync(file, "utf8").trim();
    } catch (error) {
      throw engineError("token", file, `the token cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
    }
  };
}
