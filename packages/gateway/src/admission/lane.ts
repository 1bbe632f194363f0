import { Refusal } from "../refusal.ts";
import type { Capacity, Curtailment, ServiceClass } from "./capacity.ts";
import { FairQueue } from "./fair-queue.ts";

/** Part of a deployment's places that each class may fill: the rest is kept for those above it. */
const SHARE: Readonly<Record<ServiceClass, number>> = { critical: 1, standard: 0.95, flexible: 0.8 };
/** Requests that wait for one deployment, by class; 503 beyond. */
const MAX_WAITING = 1_000;
/** How long one waits before it is told to come back. Flexible work has time. */
const PATIENCE_MS: Readonly<Record<ServiceClass, number>> = { critical: 10_000, standard: 30_000, flexible: 60_000 };
const UNKNOWN_END_S = 60;

/** A request's place in a deployment; given back once. */
export interface Place {
  readonly waitedMs: number;
  /** That made it wait. */
  readonly curtailment: Curtailment | undefined;
  leave(): void;
}

export interface Arrival {
  readonly tenantId: string;
  readonly serviceClass: ServiceClass;
  /** Tokens it may come to: what its tenant's turn is charged. */
  readonly cost: number;
  readonly nowMs: number;
}

interface Waiting extends Arrival {
  readonly deadlineMs: number;
  readonly curtailment: Curtailment | undefined;
  enter(place: Place): void;
  refuse(refusal: Refusal): void;
}

/**
 * The places of one deployment. Who finds none waits: critical work first, then standard, then flexible; within a class, tenants in
 * turn by the tokens they asked for. Under a curtailment flexible work keeps only the places that its power allows.
 */
export class Lane {
  #places: number;
  readonly #capacity: Capacity;
  readonly #now: () => number;
  readonly #waiting: Readonly<Record<ServiceClass, FairQueue<Waiting>>> = {
    critical: new FairQueue(),
    standard: new FairQueue(),
    flexible: new FairQueue(),
  };
  /** Requests that gave way to a curtailment since the lane was made. */
  readonly gaveWay = { refused: 0, delayed: 0 };
  #taken = 0;
  #flexibleTaken = 0;

  constructor(places: number, capacity: Capacity, now: () => number) {
    this.#places = places;
    this.#capacity = capacity;
    this.#now = now;
  }

  /** More places, or fewer: those taken stay taken. */
  resize(places: number): void {
    this.#places = places;
    this.pump();
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.critical.size + this.#waiting.standard.size + this.#waiting.flexible.size;
  }

  /** A place at once, or undefined: `wait` for one. */
  tryEnter({ serviceClass, nowMs }: Arrival): Place | undefined {
    if (this.#waiting[serviceClass].size > 0 || !this.#hasPlace(serviceClass, this.#capacity.curtailment(nowMs))) return undefined;
    return this.#take(serviceClass, 0, undefined);
  }

  /**
   * Waits for a place. `onLeave` is handed what to call when the caller goes away.
   * @throws Refusal 503 with `Retry-After` when the queue is full, the wait too long, or power will be short for longer than one waits
   */
  wait(arrival: Arrival, onLeave: (leave: () => void) => void): Promise<Place> {
    const { serviceClass, tenantId, cost, nowMs } = arrival;
    const queue = this.#waiting[serviceClass];
    const deadlineMs = nowMs + PATIENCE_MS[serviceClass];
    const curtailment = serviceClass === "flexible" ? this.#capacity.curtailment(nowMs) : undefined;
    if (curtailment?.flexibleShare === 0 && (curtailment.untilMs ?? Infinity) > deadlineMs)
      return Promise.reject(this.#curtailed(curtailment, nowMs));
    if (queue.size >= MAX_WAITING) return Promise.reject(busy("Too many requests wait for this model."));
    const { promise, resolve, reject } = Promise.withResolvers<Place>();
    const waiting: Waiting = { ...arrival, deadlineMs, curtailment, enter: resolve, refuse: reject };
    queue.push(tenantId, cost, waiting);
    onLeave(() => {
      if (queue.remove(tenantId, waiting))
        reject(new Refusal("the caller left", { status: 499, type: "invalid_request_error", code: "client_closed" }));
    });
    return promise;
  }

  /** Lets in who may come in, and turns away who waited too long. Called when a place is left, and a few times a second for what changes with time. */
  pump(): void {
    const nowMs = this.#now();
    const curtailment = this.#capacity.curtailment(nowMs);
    for (const serviceClass of ["critical", "standard", "flexible"] as const) {
      const queue = this.#waiting[serviceClass];
      for (const late of queue.takeWhere(({ deadlineMs }) => deadlineMs <= nowMs))
        late.refuse(late.curtailment === undefined ? busy("This model is busy.") : this.#curtailed(late.curtailment, nowMs));
      while (queue.size > 0 && this.#hasPlace(serviceClass, curtailment)) {
        const next = queue.shift()!;
        if (next.curtailment !== undefined) this.gaveWay.delayed++;
        next.enter(this.#take(serviceClass, nowMs - next.nowMs, next.curtailment));
      }
    }
  }

  #curtailed({ reason, untilMs, traceparent }: Curtailment, nowMs: number): Refusal {
    this.gaveWay.refused++;
    return new Refusal(`Flexible work waits for power: ${reason}.`, {
      status: 503,
      type: "server_error",
      code: "power_curtailment",
      because: traceparent,
      retryAfterS: untilMs === undefined ? UNKNOWN_END_S : Math.max(1, Math.ceil((untilMs - nowMs) / 1_000)),
    });
  }

  #hasPlace(serviceClass: ServiceClass, curtailment: Curtailment | undefined): boolean {
    if (this.#taken >= Math.ceil(this.#places * SHARE[serviceClass])) return false;
    if (serviceClass !== "flexible" || curtailment === undefined) return true;
    return this.#flexibleTaken < Math.floor(this.#places * SHARE.flexible * curtailment.flexibleShare);
  }

  #take(serviceClass: ServiceClass, waitedMs: number, curtailment: Curtailment | undefined): Place {
    const flexible = serviceClass === "flexible" ? 1 : 0;
    this.#taken++;
    this.#flexibleTaken += flexible;
    let left = false;
    return {
      waitedMs,
      curtailment,
      leave: () => {
        if (left) return;
        left = true;
        this.#taken--;
        this.#flexibleTaken -= flexible;
        if (this.waiting > 0) this.pump();
      },
    };
  }
}

function busy(message: string): Refusal {
  return new Refusal(`${message} Try again in a moment.`, { status: 503, type: "server_error", code: "overloaded", retryAfterS: 5 });
}
