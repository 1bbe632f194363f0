export { ARRIVED, type Arrivals } from "./arrivals.ts";
export { binTrace, type BinnedTrace, type BinTraceOptions, type Moments } from "./bin-trace.ts";
export type { TraceFormatName } from "./formats/format.ts";
export { readTrace, readTraceFile, TRACE_FORMATS, type ReadTraceOptions } from "./read-trace.ts";
export { BLOCK_TOKENS, MAX_TOKENS, type Request } from "./request.ts";
export { syntheticArrivals, type SyntheticArrivalsOptions } from "./synthetic-arrivals.ts";
export { traceArrivals, type TraceArrivalsOptions } from "./trace-arrivals.ts";
