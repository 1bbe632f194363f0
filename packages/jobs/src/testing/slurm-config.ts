/** What a cluster of the tests is made of. */
export interface SlurmShape {
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Nodes behind one leaf switch: the NVLink domain. */
  readonly nodesPerRack: number;
  /** Counted licence `kw`: the power all nodes may draw together. */
  readonly powerKw: number;
  /** After how long a silent slurmd counts as failed, s. */
  readonly nodeTimeoutS: number;
}

export interface SlurmPlace {
  readonly folder: string;
  readonly user: string;
  readonly host: string;
  /** Major and minor, `22.05`. */
  readonly version: string;
  readonly controllerPort: number;
  readonly nodePorts: readonly number[];
}

/** Rack of a node, from 1: its Slurm feature is `rack1`, its leaf switch too. */
export function rackOf(shape: SlurmShape, node: number): number {
  return Math.floor(node / shape.nodesPerRack) + 1;
}

/** `slurm.conf` of a private cluster with fake GPUs: no root, no cgroups, no device constraint, nothing but the loopback. */
export function slurmConf(shape: SlurmShape, { folder, user, host, version, controllerPort, nodePorts }: SlurmPlace): string {
  const names = `gpu[1-${shape.nodes}]`;
  return `ClusterName=pulmu
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
# a requeued job waits for its credential's life and one second; 121 s if nothing is said
AuthInfo=socket=${folder}/munge/munge.socket,cred_expire=5
CredType=cred/munge
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=${folder}/etc/jwt.key
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd.%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
${version === "22.05" ? "SwitchType=switch/none\n" : ""}MpiDefault=none
# what is declared counts, not what slurmd finds
SlurmdParameters=config_overrides
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1000
TopologyPlugin=topology/tree
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,bf_interval=1,bf_continue,batch_sched_delay=0,sched_min_interval=0,max_rpc_cnt=0
PriorityType=priority/basic
PreemptMode=OFF
JobRequeue=1
KillWait=5
MinJobAge=120
MaxJobCount=100000
ReturnToService=2
SlurmctldTimeout=120
SlurmdTimeout=${shape.nodeTimeoutS}
InactiveLimit=0
Waittime=0
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
Licenses=kw:${shape.powerKw}
NodeName=DEFAULT Sockets=2 CoresPerSocket=32 ThreadsPerCore=1 RealMemory=2000000 Gres=gpu:h100:${shape.gpusPerNode} State=UNKNOWN
${nodePorts.map((port, i) => `NodeName=gpu${i + 1} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} Feature=rack${rackOf(shape, i)}`).join("\n")}
PartitionName=batch Nodes=${names} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
`;
}

export function gresConf(shape: SlurmShape, folder: string): string {
  return `NodeName=gpu[1-${shape.nodes}] Name=gpu Type=h100 File=${folder}/dev/nvidia[0-${shape.gpusPerNode - 1}]\n`;
}

export function topologyConf(shape: SlurmShape): string {
  const racks = rackOf(shape, shape.nodes - 1);
  const leaves = Array.from({ length: racks }, (_, r) => {
    const first = r * shape.nodesPerRack + 1;
    return `SwitchName=rack${r + 1} Nodes=gpu[${first}-${Math.min(shape.nodes, first + shape.nodesPerRack - 1)}]\n`;
  });
  return `${leaves.join("")}SwitchName=spine Switches=rack[1-${racks}]\n`;
}
