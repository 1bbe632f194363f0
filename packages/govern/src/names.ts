import { PulmuError } from "@pulmu/units";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const MAX_TITLE = 200;

/** A name that stands in ids, files and addresses: lower-case letters, digits, inner hyphens, at most 40. */
export function checkName(path: string, value: string): string {
  if (NAME.test(value)) return value;
  throw new PulmuError({
    code: "govern.name",
    path,
    value,
    rule: "not a name: lower-case letters, digits and inner hyphens, at most 40",
    hint: `for example "${
      value
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .replaceAll(/^-+|-+$/g, "")
        .slice(0, 40) || "research-1"
    }"`,
  });
}

/** What people call it: any text of one line. */
export function checkTitle(path: string, value: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what it refuses
  if (value.trim() !== "" && value.length <= MAX_TITLE && !/[\u0000-\u001f\u007f]/.test(value)) return value.trim();
  throw new PulmuError({ code: "govern.title", path, value, rule: `one line of 1 to ${MAX_TITLE} characters` });
}

/** `acme/search` → `acme`. */
export function tenantOf(projectId: string): string {
  return projectId.split("/", 1)[0];
}
