import { CHECKPOINT_MARK, type EngineOrder, EXIT_MARK } from "./engine.ts";

/** A word as a POSIX shell reads it back, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What a job finds in its environment beside its own. */
export function jobEnvironment({ env, token, stateDir, nodes, gpusPerNode }: EngineOrder): Readonly<Record<string, string>> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ...env,
    PULMU_JOB: token,
    PULMU_STATE_DIR: stateDir,
    PULMU_CHECKPOINT_MARK: `${stateDir}/${CHECKPOINT_MARK}`,
    PULMU_NODES: String(nodes),
    PULMU_GPUS_PER_NODE: String(gpusPerNode),
  };
}

/** EX_TEMPFAIL of sysexits.h: not the job's fault, try again. Counted as a fault, not as a failure. */
export const TRY_AGAIN = 75;
/** All ranks must have begun within this; a launcher that lost a node's answer would wait for ever. */
const BEGIN_S = 60;

/**
 * The script that stands around a job's command on its first node. It makes three things sure that an engine alone does not: of two copies
 * only one works at a time (an engine that lost its memory may have left one behind), what has ended well is never done again, and a start
 * that got stuck half way, or failed before all ranks were there, is given up and tried again.
 *
 * The lock goes to the command too: it is held until the last of its processes has ended, however its shell ended.
 *
 * Signals for a checkpoint go to all processes; the shell itself takes no notice and goes on waiting.
 * @param launch words before the command, such as `srun`: trusted, not quoted
 */
export function jobScript({ command, workDir, stateDir, nodes }: EngineOrder, launch = ""): string {
  const exit = `${stateDir}/${EXIT_MARK}`;
  // Each rank says that it is there, and becomes the command.
  const rank = `sh -c ': > "$1/up.\${SLURM_PROCID:-0}"; shift; exec "$@"' sh ${quoted(stateDir)}`;
  return `#!/bin/bash
trap : USR1 USR2
done_before() { [ "$(cat ${quoted(exit)} 2>/dev/null)" = 0 ]; }
done_before && exit 0
exec 9>>${quoted(`${stateDir}/lock`)}
until flock 9; do sleep 1; done
done_before && exit 0
rm -f ${quoted(exit)} ${quoted(stateDir)}/up.*
cd ${quoted(workDir)} || exit 72
SECONDS=0
${launch === "" ? "" : `${launch} `}${rank} ${command.map(quoted).join(" ")} &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM
all_began() { set -- ${quoted(stateDir)}/up.*; [ -e "$1" ] && [ $# -ge ${nodes} ]; }
while [ "$SECONDS" -lt ${BEGIN_S} ] && kill -0 "$child" 2>/dev/null && ! all_began; do sleep 0.2; done
began=1; kill -0 "$child" 2>/dev/null && ! all_began && began=0 && kill -KILL "$child"
while :; do wait "$child"; code=$?; kill -0 "$child" 2>/dev/null || break; done
[ "$code" != 0 ] && ! all_began && began=0
[ "$began" = 0 ] && exit ${TRY_AGAIN}
echo "$code" > ${quoted(`${exit}.new`)} && sync ${quoted(`${exit}.new`)} && mv ${quoted(`${exit}.new`)} ${quoted(exit)}
exit "$code"
`;
}
