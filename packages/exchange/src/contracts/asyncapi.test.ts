import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { random } from "@pulmu/units";
import { Contract, contractFiles, mutate } from "../testing/asyncapi.ts";
import { parseMessage } from "./message.ts";

const directory = contractFiles();
/** 100,000 each for the full measure; a tenth keeps `npm test` quick. */
const MESSAGES = Number(process.env["PULMU_CONTRACT_MESSAGES"] ?? 10_000);

for (const [name, share] of [
  ["bms", 0.5],
  ["dsx-flex", 0.3],
  ["nico", 0.2],
] as const) {
  test(
    `given made and mutated ${name} messages, we accept and refuse the same ones as the AsyncAPI file by Ajv`,
    { skip: directory === undefined && "the AsyncAPI files are not here" },
    () => {
      const contract = new Contract(join(directory!, `${name}.yaml`));
      const source = random(20_261_124, name);
      let accepted = 0;
      const disagreements: string[] = [];
      for (let i = 0; i < MESSAGES * share; i++) {
        const made = contract.make(source);
        const message = i % 3 === 0 ? made : mutate(made, source);
        const theirs = contract.accepts(message);
        const read = parseMessage({ topic: message.topic, payload: Buffer.from(JSON.stringify(message.payload)) });
        const ours = read.ok && read.value.kind !== "foreign";
        if (theirs) accepted++;
        if (ours !== theirs) disagreements.push(`${message.topic} ${JSON.stringify(message.payload)}: we ${ours}, Ajv ${theirs}`);
      }
      assert.deepEqual(disagreements.slice(0, 5), []);
      assert.ok(accepted > MESSAGES * share * 0.1, `only ${accepted} were valid: the test does not test acceptance`);
      assert.ok(accepted < MESSAGES * share * 0.9, `${accepted} were valid: the test does not test refusal`);
    },
  );
}
