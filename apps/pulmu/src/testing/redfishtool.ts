import { spawnSync } from "node:child_process";

/** DMTF's own Redfish client. */
export const REDFISHTOOL = "redfishtool";

/** Whether it is here: Debian's package is installed where that is possible. */
export function haveRedfishtool(): boolean {
  if (runs()) return true;
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const step of [
    ["-qq", "update"],
    ["-qq", "-y", "--no-install-recommends", "install", REDFISHTOOL],
  ]) {
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...step], { env, stdio: "ignore" });
  }
  return runs();
}

function runs(): boolean {
  return spawnSync(REDFISHTOOL, ["-V"], { stdio: "ignore" }).status === 0;
}
