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

/**
 * The script that stands around a job's command on its first node. It makes two things sure that an engine alone does not: of two copies
 * only one works at a time (an engine that lost its memory may have left one behind), and what has ended well is never done again.
 *
 * The lock goes to the command too: it is held until the last of its processes has ended, however its shell ended.
 *
 * Signals for a checkpoint go to all processes; the shell itself takes no notice and goes on waiting.
 * @param launch words before the command, such as `srun`: trusted, not quoted
 */
export function jobScript({ command, workDir, stateDir }: EngineOrder, launch = ""): string {
  const exit = `${stateDir}/${EXIT_MARK}`;
  return `#!/bin/bash
trap : USR1 USR2
done_before() { [ "$(cat ${quoted(exit)} 2>/dev/null)" = 0 ]; }
done_before && exit 0
exec 9>>${quoted(`${stateDir}/lock`)}
until flock 9; do sleep 1; done
done_before && exit 0
rm -f ${quoted(exit)}
cd ${quoted(workDir)} || exit 72
${launch === "" ? "" : `${launch} `}${command.map(quoted).join(" ")} &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM
while :; do wait "$child"; code=$?; kill -0 "$child" 2>/dev/null || break; done
echo "$code" > ${quoted(`${exit}.new`)} && sync ${quoted(`${exit}.new`)} && mv ${quoted(`${exit}.new`)} ${quoted(exit)}
exit "$code"
`;
}
