/** How long the modelled machines take for a request that arrives now: what the twin knows. */
export interface SimulatedEngine {
  /** `undefined` when the model is not served now. */
  timing(promptTokens: number): { readonly ttftS: number; readonly itlS: number } | undefined;
}
