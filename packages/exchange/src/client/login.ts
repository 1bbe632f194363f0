/** What a client shows a broker to be let in. Neither field: anonymous, or a client certificate. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
}

/** Where logins come from. A token's source renews it before it ends; a password's gives the same for ever. */
export interface LoginSource {
  /**
   * A login that is good now; `renew` after the broker refused the last one.
   * @throws PulmuError `exchange.token-*` when none can be had
   */
  login(renew: boolean): Promise<Login>;
  /** When the login given last should be asked for again, epoch milliseconds; Infinity: never. */
  readonly renewAtMs: number;
}

export function fixedLogin(login: Login): LoginSource {
  return { login: () => Promise.resolve(login), renewAtMs: Infinity };
}
