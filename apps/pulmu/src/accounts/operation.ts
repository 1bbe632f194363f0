import type { Principal } from "@pulmu/govern";
import type { z } from "zod";
import type { House } from "./house.ts";

/** What one call of an operation is handed: everything checked. */
export interface Call<Query, Body> {
  readonly house: House;
  readonly by: Principal;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
}

/** One operation of the HTTP API: the routes and the published document are both made from it. */
export interface Operation {
  readonly id: string;
  readonly method: "get" | "post" | "put" | "delete";
  /** `/tenants/{tenant}`; the last parameter of a path that ends in `…}` takes the slashes too. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** What it answers; a text for what is not JSON. */
  readonly answer: z.ZodType | string;
  readonly status?: 200 | 201;
  /** Answered without a key too: who asks may then be nobody. */
  readonly isPublic?: true;
  readonly run: (call: Call<never, never>) => Promise<unknown>;
}

/** What `run` gives for an answer: what its schema says, or the bytes of what is not JSON. */
type Given<Answer> = Answer extends z.ZodType ? Frozen<z.output<Answer>> : string | Uint8Array | ReadableStream;

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

/** Holds query, body and what is answered to their schemas: what the published document says is what the compiler saw. */
export function operation<
  Answer extends z.ZodType | string,
  Query extends z.ZodType = z.ZodType<Record<string, never>>,
  Body extends z.ZodType = z.ZodType<undefined>,
>(
  definition: Omit<Operation, "query" | "body" | "answer" | "run"> & {
    readonly query?: Query;
    readonly body?: Body;
    readonly answer: Answer;
    readonly run: (call: Call<z.infer<Query>, z.infer<Body>>) => Promise<Given<Answer>>;
  },
): Operation {
  return definition as unknown as Operation;
}
