/** What a scheduler says of one node. */
export interface EngineNode {
  readonly id: string;
  /** `unknown`: it does not answer, or says what cannot be read. Never taken for empty. */
  readonly occupancy: "empty" | "busy" | "unknown";
  /** Takes no new work. */
  readonly draining: boolean;
  /** Whose work runs there, where the engine tells. */
  readonly tenantId?: string;
}

/** The little that the fleet asks of whatever runs the work: Slurm, Kubernetes, the twin. */
export interface WorkEngine {
  /** All its nodes. @throws when it does not answer: then nothing is known of any */
  nodes(): Promise<readonly EngineNode[]>;
  /** Lets what runs on this node end, and puts nothing new on it. Of this node alone. */
  drain(nodeId: string, reason: string): Promise<void>;
  resume(nodeId: string): Promise<void>;
}
