import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian's packages that make a Slurm with REST and tokens. Not `slurm-wlm-emulator`: it takes the place of the real daemons. */
const PACKAGES = ["slurm-wlm", "slurmrestd", "munge", "slurm-wlm-jwt-plugin", "slurm-wlm-basic-plugins"] as const;

const found = () =>
  ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/slurmrestd", "/usr/sbin/munged"].every((path) => existsSync(path));

/** Debian's packages, installed once where we may. Several test files may ask at the same time: apt's own lock sorts them. */
export function slurmAvailable(): boolean {
  if (found() || process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return found();
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  process.stderr.write("installing Slurm from Debian's packages for the tests …\n");
  apt("-qq", "update");
  apt("-qq", "-y", "--no-install-recommends", "install", ...PACKAGES);
  return found();
}

/** A reason to skip, or false to run: under CI the tests run, and fail where there is no Slurm. */
export function skipWithoutSlurm(): string | false {
  return slurmAvailable() || process.env["CI"] === "true"
    ? false
    : `no Slurm here, and it cannot be installed (apt-get install ${PACKAGES.join(" ")})`;
}
