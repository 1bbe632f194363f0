import { EXIT, type ExitCode } from "../../exit.ts";
import { catchStop } from "../../stop-signal.ts";
import { breachText, statusText } from "./print.ts";
import { openGrid, type GridOptions } from "./session.ts";

/**
 * `pulmu grid watch`: prints what agents tell, until Ctrl-C.
 * @throws PulmuError when the broker cannot be reached
 */
export async function watchGrid({ json, feed, ...options }: GridOptions): Promise<ExitCode> {
  const stop = catchStop();
  const { client } = await openGrid(options, {
    onStatus: (status) => process.stdout.write(json ? `${JSON.stringify(status.data)}\n` : statusText(status)),
    onBreach: (alert) => {
      if (feed !== undefined && !feed.includes(alert.data.feed_tag)) return;
      process.stdout.write(json ? `${JSON.stringify(alert.data)}\n` : breachText(alert));
    },
  });
  await stop.wait;
  await client.close();
  return EXIT.ok;
}
