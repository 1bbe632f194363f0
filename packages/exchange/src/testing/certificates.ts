import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of our own, with a certificate for 127.0.0.1 and one for each client named; all files of `folder` until `remove`. */
export interface TestAuthority {
  readonly folder: string;
  readonly ca: string;
  readonly server: Certificate;
  client(name: string): Certificate;
  remove(): void;
}

/** Made with OpenSSL's own command: Node can read certificates, and not write them. */
export function makeAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-ca-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Pulmu test authority");
  const sign = (name: string, extension: string): Certificate => {
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key"];
    openssl(
      "req",
      "-x509",
      ...ec,
      ...signer,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-subj",
      `/CN=${name}`,
      "-addext",
      extension,
    );
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  };
  return {
    folder,
    ca: read("ca.pem"),
    server: sign("server", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
    client: (name) => sign(name, "extendedKeyUsage=clientAuth"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
