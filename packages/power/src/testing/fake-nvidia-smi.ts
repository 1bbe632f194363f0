import type { CommandResult, RunCommand } from "../actuators/nvidia-smi/run-command.ts";

interface FakeGpu {
  limitW: number;
  clockMHz: number;
}

const MIN_W = 200;
const MAX_W = 700;
const MAX_MHZ = 1980;

/** A driver's tool without a driver: the queries and settings that the actuator uses, on GPUs made up. */
export class FakeNvidiaSmi {
  readonly minCapW = MIN_W;
  readonly maxCapW = MAX_W;
  readonly gpus: FakeGpu[];
  readonly calls: (readonly string[])[] = [];
  ignoresWrites = false;
  dead = false;
  root = true;

  constructor(gpus: number) {
    this.gpus = Array.from({ length: gpus }, () => ({ limitW: MAX_W, clockMHz: MAX_MHZ }));
  }

  readonly run: RunCommand = async (args, signal) => {
    this.calls.push(args);
    if (this.dead) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { status: undefined, output: "", error: "ABORT_ERR" };
    }
    return args[0] === "-i" ? this.#set(args.slice(1)) : { status: 0, output: this.#table() };
  };

  get clockLimits(): readonly number[] {
    return this.gpus.map(({ clockMHz }) => clockMHz / MAX_MHZ);
  }

  #set([uuid, option, value]: readonly string[]): CommandResult {
    const gpu = this.gpus[Number(uuid.slice(4))];
    if (!this.root) return { status: 4, output: "Changing power management limit is not permitted: Insufficient Permissions\n" };
    if (option === "-pl" && !(Number(value) >= MIN_W && Number(value) <= MAX_W))
      return { status: 2, output: "Provided power limit is not valid\n" };
    if (this.ignoresWrites) return { status: 0, output: "All done.\n" };
    if (option === "-pl") gpu.limitW = Number(value);
    if (option === "-lgc") gpu.clockMHz = Number(value.split(",")[1]);
    if (option === "-rgc") gpu.clockMHz = MAX_MHZ;
    return { status: 0, output: "All done.\n" };
  }

  #table(): string {
    return this.gpus
      .map(({ limitW }, i) => `GPU-${i}, NVIDIA H100 80GB HBM3, 71.23, ${limitW}.00, ${MIN_W}.00, ${MAX_W}.00, ${MAX_MHZ}\n`)
      .join("");
  }
}
