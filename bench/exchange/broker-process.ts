/** The embedded broker in a process of its own, so that it is measured like the others. Prints its address. */
import { startBroker } from "@pulmu/exchange";

const broker = await startBroker({ port: 0 });
process.stdout.write(`${broker.address}\n`);
process.on("SIGTERM", () => void broker.close().then(() => process.exit(0)));
