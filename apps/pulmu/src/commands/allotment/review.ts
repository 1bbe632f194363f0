import { PulmuError } from "@pulmu/units";
import { printLine, printTable, when } from "../../accounts/print.ts";
import { type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";

export interface ReviewOptions extends CommonOptions {
  readonly points?: string;
  readonly conflict: string;
  readonly comment: string;
}

export const review = (application: number, options: ReviewOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const { conflict, comment } = options;
    const points = options.points === undefined ? undefined : parsePoints(options.points);
    const given = await (await house.allotments()).review(by, application, { points, conflict, comment });
    if (options.json) return printJson(given);
    printLine(
      given.conflict === ""
        ? `Review of application ${application} taken in.`
        : `Conflict of interest on record: ${given.conflict}. No points of ${given.reviewer} count.`,
    );
  });

/** `impact=80,ecosystem=65` */
function parsePoints(text: string): Readonly<Record<string, number>> {
  const pairs = text.split(",").map((pair) => /^([a-z0-9-]+)=(\d{1,3})$/.exec(pair.trim()));
  if (pairs.some((pair) => pair === null))
    throw new PulmuError({
      code: "allotment.word",
      path: "--points",
      value: text,
      rule: "CRITERION=POINTS with commas between",
      hint: "impact=80,ecosystem=65",
    });
  return Object.fromEntries(pairs.map((pair) => [pair![1], Number(pair![2])]));
}

export const listReviews = (callId: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const reviews = await (await house.allotments()).reviews(by, callId);
    if (options.json) return printJson(reviews);
    const rows = reviews.map((one) => [
      `${one.applicationId}`,
      one.reviewer,
      Object.entries(one.points ?? {})
        .map(([id, points]) => `${id} ${points}`)
        .join(", "),
      one.conflict,
      when(one.atMs),
    ]);
    printTable(
      [{ title: "APPLICATION", right: true }, { title: "REVIEWER" }, { title: "POINTS" }, { title: "CONFLICT" }, { title: "AT" }],
      rows,
      "no reviews yet",
    );
  });
