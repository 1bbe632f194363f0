/** Floor 3: steering. What each watt is worth, and who gets it. */
export { allocate } from "./allocation/allocate.ts";
export { maxOf, type Allocation, type AllocationProblem, type ValueCurve } from "./allocation/problem.ts";
export { concaveCurve, type RepairedCurve } from "./allocation/value-curve.ts";
export { holds, type Actuator, type Cap, type CapNote, type Held } from "./actuators/actuator.ts";
