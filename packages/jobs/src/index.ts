/** Floor 3: who may use how many GPUs and watts, and work handed to the engine that runs it. */
export * from "./placement/index.ts";
