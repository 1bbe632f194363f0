import type { LiveBusOptions } from "../../bus/live-bus.ts";
import type { EngineOptions } from "../../jobs/engine-option.ts";

export interface UpOptions extends LiveBusOptions, EngineOptions {
  readonly site?: string;
  readonly phase?: string;
  readonly scenario?: string;
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly trace?: string;
  readonly synthetic?: boolean;
  readonly speed: number;
  readonly seed?: number;
  readonly ui: boolean;
  readonly json?: boolean;
  /** Database of accounts, served at /api/v1; by default the site's in this folder. False: none are kept, and so no tokens served. */
  readonly db?: string | false;
  /** False: racks do as they like, within their standing limits. */
  readonly steering: boolean;
  /** File that says how to get at the site's BMCs: caps go there, over Redfish. */
  readonly bmcs?: string;
  /** Port for the BMCs of the twin that runs here. */
  readonly serveBmcs?: number;
  /** File that says which exporters and BMCs are asked how the nodes are. */
  readonly fleetSources?: string;
  /** File of what the grid side pays for load that gives way. */
  readonly flexTerms?: string;
  /** False: no tokens are served. */
  readonly gateway: boolean;
  /** One above `port` unless said. */
  readonly gatewayPort?: number;
  /** File of Cedar policies on who may ask which model, and where data may go. */
  readonly policy?: string;
}
