import { readFileSync } from "node:fs";
import { checkpointJournal, exportJournal, readEntries, readHead, verifyJournal } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { digits, printLine, printTable, when } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { Progress } from "../../terminal/progress.ts";
import { type CommonOptions, withHouse } from "./identity.ts";

export const listEntries = (options: CommonOptions & { readonly from?: number; readonly last: number }): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const { size } = await readHead(store);
    const from = options.from ?? Math.max(0, size - options.last);
    const entries = await readEntries(store, from, from + options.last);
    if (options.json) return printJson(entries);
    const rows = entries.map((entry) => [
      String(entry.seq),
      when(entry.atMs),
      entry.kind,
      entry.actor,
      entry.subject,
      entry.data === undefined ? "" : JSON.stringify(entry.data).slice(0, 80),
    ]);
    printTable(
      [{ title: "ENTRY", right: true }, { title: "TIME" }, { title: "WHAT" }, { title: "BY" }, { title: "ON" }, { title: "DATA" }],
      rows,
      "the journal is empty",
    );
  });

export const verify = (options: CommonOptions & { readonly against?: readonly string[] }): Promise<ExitCode> =>
  withHouse(options, async ({ store, signer }) => {
    const { verifierKey } = await signer();
    const progress = new Progress(process.stderr, () => performance.now());
    const witnessed = (options.against ?? []).map((file) => {
      try {
        return readFileSync(file, "utf8");
      } catch (error) {
        throw new PulmuError({ code: "journal.file", file, value: (error as Error).message, rule: "cannot be read" });
      }
    });
    const report = await verifyJournal(store, {
      verifierKey,
      witnessed,
      onProgress: (done, total) => progress.update(done / Math.max(1, total), `${digits(done)} of ${digits(total)} entries`),
    });
    progress.done();
    if (options.json) printJson(report);
    else if (report.findings.length === 0) {
      printLine(
        `${digits(report.entries)} entries: each follows the one before; ${digits(report.signedEntries)} of them are signed, by ${digits(report.checkpoints)} checkpoints. Nothing was touched.`,
      );
      if (witnessed.length === 0)
        printLine("A fork shows only against a checkpoint kept elsewhere: pulmu journal checkpoint > kept.txt, later --against kept.txt");
    } else for (const { where, what } of report.findings) printLine(`${where}: ${what}`);
    return report.findings.length === 0 ? EXIT.ok : EXIT.failed;
  });

export const checkpoint = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, signer, now }) => {
    const note = await checkpointJournal(store, await signer(), now());
    if (options.json) return printJson({ checkpoint: note ?? null });
    if (note === undefined) printLine("the journal is empty: there is nothing to sign");
    else process.stdout.write(note);
  });

export const showKey = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ signer }) => {
    const { verifierKey } = await signer();
    if (options.json) return printJson({ verifierKey });
    printLine(verifierKey);
  });

export const exportSite = (folder: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, signer, now }) => {
    const key = await signer();
    await checkpointJournal(store, key, now());
    const progress = new Progress(process.stderr, () => performance.now());
    const entries = await exportJournal(store, folder, {
      verifierKey: key.verifierKey,
      onProgress: (done, total) => progress.update(done / total, `${digits(done)} of ${digits(total)} files`),
    });
    progress.done();
    if (options.json) return printJson({ folder, entries, verifierKey: key.verifierKey });
    printLine(
      `${digits(entries)} entries written to ${folder}. Anyone can check them:\n  node ${folder}/verify-tlog.mjs ${folder} '${key.verifierKey}'`,
    );
  });
