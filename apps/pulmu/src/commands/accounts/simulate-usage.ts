import { basename, extname } from "node:path";
import { Ledger, recordReading } from "@pulmu/ledger";
import { formatDuration } from "@pulmu/units";
import { FactoryMeter, type MeteredPeriod } from "../../accounts/factory-meter.ts";
import { digits, printLine } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { openScenario, type RequestOptions } from "../../run/twin.ts";
import { catchStop } from "../../stop-signal.ts";
import { Progress } from "../../terminal/progress.ts";
import { type CommonOptions, withHouse } from "./identity.ts";

/**
 * `pulmu usage simulate SCENARIO`: runs a scenario as fast as it can and records what its tenants used. The run is named by the scenario's file and
 * seed, so that running it again records nothing twice.
 */
export async function simulateUsage(file: string, options: CommonOptions & RequestOptions): Promise<ExitCode> {
  const { simulation } = await openScenario(file, options);
  const { scenario, site } = simulation;
  return withHouse({ ...options, site }, async (house) => {
    // The ledger lives by the factory's clock: a scenario may lie in a year to come.
    const ledger = await Ledger.open(house.store, { calendar: house.calendar, now: () => Math.max(house.now(), simulation.atMs) });
    const meter = new FactoryMeter(simulation, `twin/${basename(file, extname(file))}/${scenario.seed}`);
    const progress = new Progress(process.stderr, () => performance.now());
    const stop = catchStop();
    let records = 0;
    const book = async (period: MeteredPeriod | undefined) => {
      if (period === undefined) return;
      const { records: used, reading } = period;
      await Promise.all(used.map((record) => ledger.record(record)));
      await recordReading(house.store, house.calendar, reading);
      records += used.length;
      progress.update(
        simulation.atS / scenario.durationS,
        `${formatDuration(simulation.atS)} of ${formatDuration(scenario.durationS)}, ${digits(records)} records`,
      );
    };
    try {
      while (simulation.atS < scenario.durationS && !stop.requested) {
        simulation.step();
        await book(meter.tick());
      }
      await book(meter.end());
    } finally {
      progress.done();
      stop.release();
      await ledger.close();
    }
    const kpis = simulation.kpis();
    if (options.json) printJson({ records, tokensOut: kpis.tokensOut, siteEnergyJ: kpis.siteEnergyJ, itEnergyJ: kpis.itEnergyJ });
    else
      printLine(
        `${formatDuration(simulation.atS)} of ${scenario.name}: ${digits(records)} usage records. Next: pulmu usage show --by tenant,model --db ${house.store.place}`,
      );
    return simulation.atS < scenario.durationS ? EXIT.failed : EXIT.ok;
  });
}
