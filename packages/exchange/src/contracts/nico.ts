/**
 * State of one machine as NICo, the bare-metal manager, publishes it (contract 1.0.0). States nest: a host being provisioned says which
 * step of which of its DPUs. Source: dsx-ai-factory/dsx-exchange, schemas/asyncapi/nico/nico.yaml (2026-08-17).
 */
import { parseJson, type Parsed } from "./json.ts";
import { accept, choice, dateTime, flag, integer, mapOf, nullable, object, tagged, text, uuid, word, type Shape } from "./shape.ts";

const none = object({});
const count = integer(0);
const error = object({ err: text });
const withSubstate = (substate: Shape<unknown>) => object({ substate });
/** One state for each DPU of the host, by the DPU's id. */
const perDpu = (state: Shape<unknown>) => object({ states: mapOf(state) });
/** Steps that carry nothing but their name. */
const steps = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, [] as const]));

const firmwareType = word("bmc", "cec", "uefi", "nic", "cpldmb", "cpldpdb", "hgxbmc", "combinedbmcuefi", "gpu", "unknown");
const measuring = word("waitingformeasurements", "pendingbundle");
const jobFailure = [{ failure: text, power_state: text }] as const;

const secureBoot = tagged("disablesecurebootstate", {
  ...steps("checksecurebootstatus", "disablesecureboot", "setsecureboot"),
  rebootdpu: [{ reboot_count: count }],
  waitcertificateupload: [{ task_id: text }],
});

const dpuDiscovering = tagged("dpudiscoverystate", {
  ...steps("initializing", "configuring", "rebootalldpus", "setuefihttpboot", "enablershim"),
  enablesecureboot: [{ count, enable_secure_boot_state: secureBoot }],
  disablesecureboot: [{ count }, { disable_secure_boot_state: nullable(secureBoot) }],
});

const installDpuOs = tagged("installdpuosstate", {
  ...steps("installingbfb", "completed"),
  waitforinstallcomplete: [{ progress: text, task_id: text }],
  installationerror: [{ msg: text }],
});

const dpuInit = tagged("dpustate", {
  ...steps("init", "waitingforplatformconfiguration", "pollingbiossetup", "waitingfornetworkconfig", "waitingfornetworkinstall"),
  installdpuos: [{ substate: installDpuOs }],
  waitingforplatformpowercycle: [{ substate: tagged("state", steps("off", "on")) }],
});

const bmcFirmwareUpgrade = tagged("bmcfirmwareupdatesubstate", {
  ...steps("checkfwversion", "waitforerotbackgroundcopytocomplete", "hostpowercycle", "fwupdatecompleted"),
  waitforupdatecompletion: [{ firmware_type: firmwareType, task_id: text }],
  reboot: [{ count }],
  failed: [{ failure_details: text }],
});

const dpuReprovision = choice(
  [
    "firmwareupgrade",
    "waitingfornetworkinstall",
    "poweringoffhost",
    "powerdown",
    "buffertime",
    "verifyfirmareversions", // spelt so in the contract
    "waitingfornetworkconfig",
    "reboothostbmc",
    "reboothost",
    "notunderreprovision",
  ],
  { bmcfirmwareupgrade: withSubstate(bmcFirmwareUpgrade), installdpuos: withSubstate(installDpuOs) },
);

const bootOrder = object(
  {
    set_boot_order_state: tagged(
      "state",
      steps("setbootorder", "waitforsetbootorderjobscheduled", "reboothost", "waitforsetbootorderjobcompletion"),
    ),
  },
  { set_boot_order_jid: nullable(text) },
);

const uefiSetup = object(
  {
    uefi_setup_state: tagged(
      "state",
      steps(
        "unlockhost",
        "setuefipassword",
        "waitforpasswordjobscheduled",
        "powercyclehost",
        "waitforpasswordjobcompletion",
        "lockdownhost",
      ),
    ),
  },
  { uefi_password_jid: nullable(text) },
);

const lockdown = object({
  mode: word("enable", "disable"),
  state: word("setlockdown", "timewaitfordpudown", "waitfordpuup", "pollinglockdownstatus"),
});

const hostInit = tagged("state", {
  ...steps("init", "enableipmioverlan", "waitingforplatformconfiguration", "pollingbiossetup", "waitingfordiscovery"),
  setbootorder: [{}, { set_boot_order_info: nullable(bootOrder) }],
  uefisetup: [{ uefi_setup_info: uefiSetup }],
  measuring: [{ measuring_state: measuring }],
  discovered: [{}, { skip_reboot_wait: flag }],
  waitingforlockdown: [{ lockdown_info: lockdown }],
});

const machineValidation = choice([], {
  reboothost: object({ validation_id: uuid }),
  machinevalidating: object({ completed: count, context: text, id: uuid, total: count }, { is_enabled: flag }),
});

const secureErase = object(
  {
    boss_controller_id: text,
    secure_erase_boss_state: tagged("state", {
      ...steps("unlockhost", "secureeraseboss", "waitforjobcompletion"),
      handlejobfailure: jobFailure,
    }),
  },
  { iteration: nullable(count), secure_erase_jid: nullable(text) },
);

const createVolume = object(
  {
    boss_controller_id: text,
    create_boss_volume_state: tagged("state", {
      ...steps("createbossvolume", "waitforjobscheduled", "reboothost", "waitforjobcompletion", "lockhost"),
      handlejobfailure: jobFailure,
    }),
  },
  { create_boss_volume_jid: nullable(text), iteration: nullable(count) },
);

const cleanup = tagged("state", {
  ...steps("init", "disablebiosbmclockdown"),
  secureeraseboss: [{ secure_erase_boss_context: secureErase }],
  hostcleanup: [{}, { boss_controller_id: nullable(text) }],
  createbossvolume: [{ create_boss_volume_context: createVolume }],
});

const failure = object({
  cause: choice(["noerror"], {
    nvmecleanfailed: error,
    discovery: error,
    reprovisioning: error,
    machinevalidation: error,
    unhandledstate: error,
    measurementsfailedsignaturecheck: error,
    measurementsretired: error,
    measurementsrevoked: error,
    measurementscavalidationfailed: error,
  }),
  failed_at: dateTime,
  source: choice(["noerror", "scout", "statemachine"], {
    statemachinearea: word("default", "hostinit", "mainflow", "assignedinstance"),
  }),
});

const hostReprovision = choice(["checkingfirmware", "checkingfirmwarerepeat"], {
  initialreset: object({ last_time: dateTime, phase: word("start", "bmcwasreset", "waithostboot") }),
  waitingforscript: none,
  waitingforupload: object(
    { final_version: text, firmware_type: firmwareType },
    { firmware_number: nullable(count), power_drains_needed: nullable(count) },
  ),
  waitingforfirmwareupgrade: object(
    { final_version: text, firmware_type: firmwareType, task_id: text },
    { firmware_number: nullable(count), power_drains_needed: nullable(count), started_waiting: nullable(dateTime) },
  ),
  resetfornewfirmware: object(
    { final_version: text, firmware_type: firmwareType },
    {
      delay_until: nullable(integer()),
      last_power_drain_operation: nullable(word("off", "powercycle", "on")),
      power_drains_needed: nullable(count),
    },
  ),
  newfirmwarereportedwait: object({ final_version: text, firmware_type: firmwareType }, { previous_reset_time: nullable(integer()) }),
  failedfirmwareupgrade: object({ firmware_type: firmwareType }, { reason: nullable(text), report_time: nullable(dateTime) }),
});

const platformConfiguration = tagged("state", {
  ...steps("checkhostconfig", "unlockhost", "configurebios", "pollingbiossetup", "lockhost"),
  powercycle: [{ power_on: flag }],
  setbootorder: [{ set_boot_order_info: bootOrder }],
});

const instance = tagged("state", {
  ...steps(
    "init",
    "waitingfornetworksegmenttobeready",
    "waitingfornetworkconfig",
    "waitingforstorageconfig",
    "dpaprovisioning",
    "waitingfordpatobeready",
    "waitingforextensionservicesconfig",
    "waitingforreboottoready",
    "ready",
    "waitingfordpustoup",
    "switchtoadminnetwork",
    "waitingfornetworkreconfig",
  ),
  hostplatformconfiguration: [{ platform_config_state: platformConfiguration }],
  bootingwithdiscoveryimage: [{}, { retry: object({ count }) }],
  dpureprovision: [{ dpu_states: perDpu(dpuReprovision) }],
  failed: [{ details: failure, machine_id: text }],
  hostreprovision: [{ reprovision_state: hostReprovision }],
  networkconfigupdate: [
    { network_config_update_state: word("waitingfornetworksegmenttobeready", "waitingforconfigsynced", "releaseoldresources") },
  ],
});

const bomContext = object({}, { machine_validation_context: nullable(text), reboot_retry_count: nullable(integer()) });

const hostState = tagged("state", {
  ...steps("ready", "forcedeletion", "created"),
  dpudiscoveringstate: [{ dpu_states: perDpu(dpuDiscovering) }],
  dpuinit: [{ dpu_states: perDpu(dpuInit) }],
  hostinit: [{ machine_state: hostInit }],
  validation: [{ validation_state: tagged("validation_type", { machinevalidation: [{ machine_validation: machineValidation }] }) }],
  assigned: [{ instance_state: instance }],
  waitingforcleanup: [{ cleanup_state: cleanup }],
  failed: [{ details: failure, machine_id: text }, { retry_count: count }],
  dpureprovision: [{ dpu_states: perDpu(dpuReprovision) }],
  hostreprovision: [{ reprovision_state: hostReprovision }, { retry_count: count }],
  measuring: [{ measuring_state: measuring }],
  postassignedmeasuring: [{ measuring_state: measuring }],
  bomvalidating: [
    {
      bom_validating_state: choice([], {
        MatchingSku: bomContext,
        UpdatingInventory: bomContext,
        VerifyingSku: bomContext,
        SkuVerificationFailed: bomContext,
        WaitingForSkuAssignment: bomContext,
        SkuMissing: bomContext,
      }),
    },
  ],
});

/**
 * States that later copies of the contract add, with the version still 1.0.0 (dsx-exchange @dcb5257, @584aee5). This contract refuses
 * them; a reader should expect them.
 */
export const LATER_MACHINE_STATES: readonly string[] = [
  "decommissioning",
  "reset",
  "bootconfiguring",
  "maintenance",
  "configureastra",
  "rotatingbmc",
  "rotatinghostuefi",
  "rotatingdpuuefi",
  "rotatingniclockdown",
  "preassignedmeasuring",
  "startassignmentcycle",
];

/** A machine's change of state. */
export interface MachineState {
  readonly machine_id: string;
  readonly timestamp: string;
  readonly managed_host_state: { readonly state: string } & Readonly<Record<string, unknown>>;
}

const machineState: Shape<MachineState> = object({ machine_id: text, timestamp: dateTime, managed_host_state: hostState });

/** Reads the payload of a machine's state topic. */
export function parseMachineState(payload: Uint8Array): Parsed<MachineState> {
  const json = parseJson(payload);
  return json.ok ? acceptMachineState(json.value) : json;
}

/** As `parseMachineState`, of JSON that is already read. */
export function acceptMachineState(json: unknown): Parsed<MachineState> {
  return accept(machineState, json);
}
