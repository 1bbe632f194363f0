export { ARRIVED, type Arrivals } from "./arrivals.ts";
export { BLOCK_TOKENS, MAX_TOKENS, type Request } from "./request.ts";
