/** Traffic, faults and oracles for tests and benches. Not for the program. */
export { Contract, contractFiles } from "./asyncapi.ts";
export { onEveryBroker, skipWithout, startTestBroker, type BrokerName, type TestBroker } from "./brokers.ts";
export { BMS_FAULTS, type Fault } from "./bms-faults.ts";
export { FLEX_FAULTS } from "./flex-faults.ts";
export { demandResponse, eventMessage, exchangeTraffic, machineTraffic, message, siteTraffic, type TrafficOptions } from "./traffic.ts";
