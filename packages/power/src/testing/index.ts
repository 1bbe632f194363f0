/** For tests of rooms above: what every actuator must pass. */
export { actuatorSuite, type ActuatorRig } from "./actuator-suite.ts";
