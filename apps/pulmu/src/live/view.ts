/** What shows the running factory: a screen, lines, or nothing. */
export interface View {
  /** The factory has gone on: about once a second. */
  tick(): void;
  close(): void;
}
