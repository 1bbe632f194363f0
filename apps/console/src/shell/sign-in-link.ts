import { ask } from "../api/request.ts";

/** The address that the terminal shows ends in `#in=…`: it signs its reader in, and is taken out of the address bar and the history. */
export async function signInByLink(): Promise<void> {
  const link = /^#in=([\w-]+)$/.exec(location.hash)?.[1];
  if (link === undefined) return;
  history.replaceState(null, "", location.pathname + location.search);
  await ask("/api/console/session", { method: "POST", body: { link } }).catch(() => {}); // of another run: the page offers to sign in
}
