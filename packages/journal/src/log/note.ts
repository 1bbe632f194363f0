import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { PulmuError } from "@pulmu/units";

/** Signed notes with Ed25519 (c2sp.org/signed-note): text, a blank line, signature lines. */
const ED25519 = 0x01;
/** DER of a private key (RFC 8410 §7) and a public key (§4) up to the 32 bytes themselves. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

export interface NoteSigner {
  readonly name: string;
  /** `name+keyid+base64(0x01 ‖ public key)`: what a verifier is given. */
  readonly verifierKey: string;
  /** `PRIVATE+KEY+name+keyid+base64(0x01 ‖ seed)`: for the key file, never for a log. */
  readonly secret: string;
  sign(text: string): string;
}

interface Verifier {
  readonly name: string;
  readonly keyId: Buffer;
  readonly key: KeyObject;
}

const keyIdOf = (name: string, publicKey: Uint8Array): Buffer =>
  hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey]), "buffer").subarray(0, 4);

function checkName(name: string): void {
  if (name === "" || /[\s+]/u.test(name))
    throw new PulmuError({
      code: "journal.key-name",
      value: name,
      rule: "a key name is not empty and has no spaces or plus signs",
      hint: "such as gak.example/journal",
    });
}

function signerFrom(name: string, seed: Uint8Array): NoteSigner {
  checkName(name);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(SPKI.length);
  const keyId = keyIdOf(name, publicKey);
  const encode = (bytes: Uint8Array) => `${name}+${keyId.toString("hex")}+${Buffer.concat([Buffer.of(ED25519), bytes]).toString("base64")}`;
  return {
    name,
    verifierKey: encode(publicKey),
    secret: `PRIVATE+KEY+${encode(seed)}`,
    sign: (text) => `${text}\n— ${name} ${Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)]).toString("base64")}\n`,
  };
}

/** A new key pair under a name, such as the log's origin. */
export function newSigner(name: string): NoteSigner {
  return signerFrom(name, randomBytes(32));
}

/** @throws PulmuError `journal.key` when the text is not a signing key */
export function parseSigner(secret: string): NoteSigner {
  const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(secret.trim());
  const bytes = Buffer.from(match?.[3] ?? "", "base64");
  if (match === null || bytes.length !== 33 || bytes[0] !== ED25519)
    throw new PulmuError({
      code: "journal.key",
      rule: "not an Ed25519 signing key",
      hint: "PRIVATE+KEY+name+keyid+base64, as `pulmu journal` made it",
    });
  return signerFrom(match[1], bytes.subarray(1));
}

/** @throws PulmuError `journal.key` when the text is not a verifier key, or its id does not belong to it */
function parseVerifier(text: string): Verifier {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  const bytes = Buffer.from(match?.[3] ?? "", "base64");
  if (match === null || bytes.length !== 33 || bytes[0] !== ED25519 || keyIdOf(match[1], bytes.subarray(1)).toString("hex") !== match[2])
    throw new PulmuError({
      code: "journal.key",
      value: text,
      rule: "not an Ed25519 verifier key",
      hint: "name+keyid+base64, as `pulmu journal key` prints it",
    });
  return {
    name: match[1],
    keyId: Buffer.from(match[2], "hex"),
    key: createPublicKey({ key: Buffer.concat([SPKI, bytes.subarray(1)]), format: "der", type: "spki" }),
  };
}

/**
 * The text of a note, once a signature by the given key on it has been verified.
 * @throws PulmuError `journal.note` when it is not a note, or not signed by this key
 */
export function openNote(note: string, verifierKey: string): string {
  const verifier = parseVerifier(verifierKey);
  const refuse = (rule: string): never => {
    throw new PulmuError({ code: "journal.note", value: note.split("\n", 1)[0], rule });
  };
  const split = note.lastIndexOf("\n\n");
  // oxlint-disable-next-line no-control-regex -- the format forbids exactly these
  if (split < 0 || !note.endsWith("\n") || /[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse("not a signed note");
  const text = note.slice(0, split + 1);
  let verified = false;
  for (const line of note.slice(split + 2, -1).split("\n")) {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/u.exec(line);
    const bytes = Buffer.from(match?.[2] ?? "", "base64");
    // Base64 has several spellings of the same bytes; only the one that an encoder makes is accepted.
    if (match === null || bytes.length < 5 || bytes.toString("base64") !== match[2]) return refuse("a signature line is malformed");
    if (match[1] !== verifier.name || !bytes.subarray(0, 4).equals(verifier.keyId)) continue; // another key's: ignored
    if (!verify(null, Buffer.from(text), verifier.key, bytes.subarray(4))) refuse(`the signature of ${verifier.name} is wrong`);
    verified = true;
  }
  return verified ? text : refuse(`not signed by ${verifier.name}`);
}
