/** Where the API of accounts is served below the factory's address. */
export const ACCOUNTS_BASE = "/api/v1";
