import { PulmuError } from "@pulmu/units";
import { Batch, type BatchingPolicy } from "./batch.ts";
import {
  checkDeployment,
  mostReplicas,
  requestCapacityTokens,
  type Batching,
  type Deployment,
  type Pool,
  type Scaling,
} from "./deployment.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import { chunked } from "./policies/chunked.ts";
import { promptFirst } from "./policies/prompt-first.ts";
import { Replica } from "./replica.ts";
import { requestProblem, type RequestLimits, type ServingRequest } from "./request.ts";
import { RequestTable } from "./request-table.ts";
import { MixedPoolRouter } from "./routing/mixed-pool-router.ts";
import { PoolRouter } from "./routing/pool-router.ts";
import type { Router } from "./routing/router.ts";
import { Scaler } from "./scaler.ts";
import { Meter, summarise, type RequestRecord, type ServingReading, type ServingSummary } from "./report.ts";
import { Tally } from "./tally.ts";
import { Timers } from "../timers.ts";

const POLICIES: Readonly<Record<Batching, BatchingPolicy>> = { chunked, "prompt-first": promptFirst };

export interface ServingOptions {
  /** Longest prompt + output of the model, tokens; absent = no limit but memory. */
  readonly contextTokens?: number;
  /** Called for each request when its last token is made, in order of completion. */
  readonly onRequest?: (record: RequestRecord) => void;
  /** Called for each second of the run. The reading and its arrays are used again: copy what you keep. */
  readonly onSecond?: (reading: ServingReading) => void;
}

/** Replicas of a pool, and the requests that wait because none is on. */
export interface RunningPool {
  readonly pool: Pool;
  readonly replicas: readonly Replica[];
  readonly backlog: number[];
}

/**
 * A deployment serving requests, one by one, in simulated time. Requests are pushed in order of arrival; between them the engine
 * jumps from event to event: ends of prefill steps and of runs of decode steps, KV transfers, failures, replicas going on and off.
 * Memory is bounded by the requests in flight. Deterministic: equal inputs give equal results.
 *
 *     const engine = new ServingEngine(deployment);
 *     for (const request of requests) engine.arrive(request);
 *     const { ttftS, itlS, gpuJoulesPerToken } = engine.finish();
 */
export class ServingEngine {
  readonly #options: ServingOptions;
  readonly #limits: RequestLimits;
  readonly #tally = new Tally();
  readonly #table = new RequestTable();
  readonly #timers = new Timers();
  readonly #pools: readonly RunningPool[];
  readonly #replicas: readonly Replica[];
  readonly #router: Router;
  /** Replicas with a step running, by its end. */
  readonly #busy: IndexedHeap;
  readonly #isBusy: Uint8Array;
  #nowS = 0;
  #latestArrivalS = 0;

  /** @throws PulmuError `serving.bad-deployment` */
  constructor(deployment: Deployment, options: ServingOptions = {}) {
    checkDeployment(deployment);
    this.#options = options;
    this.#limits = { contextTokens: options.contextTokens ?? Infinity, kvCapacityTokens: requestCapacityTokens(deployment) };
    this.#pools = this.#build(deployment);
    this.#replicas = this.#pools.flatMap(({ replicas }) => replicas);
    this.#router = routerOf(deployment, this.#table, this.#pools);
    const order = Float64Array.from(this.#replicas, ({ index }) => index);
    this.#busy = new IndexedHeap({ heapIndex: new Int32Array(order.length), order });
    this.#isBusy = new Uint8Array(order.length);
    for (const { replica, atS, repairS } of deployment.failures) this.#timers.set(atS, (nowS) => this.#fail(replica, nowS, repairS));
    for (const running of this.#pools) if (running.pool.scaling !== undefined) this.#scale(running, running.pool.scaling);
    if (options.onSecond !== undefined) this.#readEachSecond(options.onSecond);
  }

  /** Simulated time of the last event, s. */
  get nowS(): number {
    return this.#nowS;
  }

  get inFlight(): number {
    return this.#table.inFlight;
  }

  /**
   * Plays everything up to this request's arrival, then takes it in. Requests come in order of arrival.
   * @throws PulmuError `trace.*` when the request cannot be served
   */
  arrive(request: ServingRequest): void {
    const problem = requestProblem(request, this.#tally.arrived, this.#latestArrivalS, this.#limits);
    if (problem !== undefined) throw new PulmuError(problem);
    while (this.#nextS() < request.atS) this.#step();
    this.#nowS = this.#latestArrivalS = request.atS;
    this.#tally.arrived++;
    this.#dispatch(this.#table.add(request), request.atS);
  }

  /** Plays until every request has its last token. */
  finish(): ServingSummary {
    while (this.#table.inFlight > 0) this.#step();
    const endS = this.#nowS;
    const poolEnergyJ = this.#pools.map(({ replicas }) => replicas.reduce((sum, replica) => sum + replica.energyJ(endS), 0));
    if (this.#options.onSecond !== undefined) while (this.#nowS < Math.ceil(endS)) this.#step(); // the last, unfinished second
    return summarise(this.#tally, endS, poolEnergyJ);
  }

  #build({ pools, batching, blockTokens, prefixTokens }: Deployment): RunningPool[] {
    let index = 0;
    return pools.map((pool) => {
      const { role, model, clock, maxSequences, maxBatchTokens } = pool;
      const limits = { maxSequences, maxBatchTokens, kvCapacityTokens: model.kvCapacityTokens, blockTokens, prefixTokens };
      const replicas = Array.from({ length: mostReplicas(pool) }, (_, i) => {
        const batch = new Batch(this.#table, limits, POLICIES[batching], role, index, this.#tally);
        return new Replica(index++, role, model, clock, batch, this.#tally, i < pool.replicas ? "on" : "off");
      });
      return { pool, replicas, backlog: [] };
    });
  }

  #nextS(): number {
    return Math.min(this.#timers.nextS, this.#busy.firstKey);
  }

  /** Plays the next event: steps that end before timers of the same time. */
  #step(): void {
    if (this.#timers.nextS < this.#busy.firstKey) {
      this.#nowS = this.#timers.nextS;
      this.#timers.runNext();
      return;
    }
    this.#nowS = this.#busy.firstKey;
    const replica = this.#replicas[this.#busy.first];
    replica.finish();
    this.#release(replica, this.#nowS);
    replica.start(this.#nowS);
    this.#settle(replica);
    if (replica.batch.requests === 0) this.#router.idle(replica);
  }

  /** Sends a request to a replica that computes its prompt. */
  #dispatch(slot: number, nowS: number): void {
    const replica = this.#router.place(slot, nowS);
    if (replica === undefined) {
      this.#pools[0].backlog.push(slot);
      return;
    }
    replica.batch.receive(slot);
    this.#wake(replica, replica.batch.waiting.first === slot, nowS);
  }

  /** Sends a request with its KV cache to a replica that decodes. */
  #seat(slot: number, nowS: number): void {
    const replica = this.#router.seat(slot, nowS);
    if (replica === undefined) {
      this.#pools[1].backlog.push(slot);
      return;
    }
    replica.batch.receiveReady(slot);
    this.#wake(replica, replica.batch.ready.first === slot, nowS);
  }

  #wake(replica: Replica, mayJoin: boolean, nowS: number): void {
    if (replica.isIdle) replica.start(nowS);
    else if (mayJoin) replica.cut(nowS);
    this.#settle(replica);
  }

  /** Requests that left at the boundary are done, or go on to the decode pool. */
  #release(replica: Replica, nowS: number): void {
    const table = this.#table;
    for (const slot of replica.batch.prefilled) this.#router.prefilled(slot, replica);
    for (const slot of replica.batch.left) {
      if (table.generated[slot] === table.output[slot]) this.#complete(slot, replica);
      else this.#timers.set(nowS + replica.model.kvTransferS(table.target[slot]), (thenS) => this.#handOver(slot, replica, thenS));
    }
    if (replica.state === "draining" && replica.batch.requests === 0) this.#switchOff(replica, nowS);
  }

  #handOver(slot: number, from: Replica, nowS: number): void {
    from.batch.kv.leave(slot);
    this.#router.handedOver(slot, from);
    if (from.isIdle) this.#wake(from, false, nowS); // a prompt may have waited for this memory
    this.#seat(slot, nowS);
  }

  #complete(slot: number, replica: Replica): void {
    const table = this.#table;
    this.#router.left(slot, replica);
    const arrivalS = table.arrivalS[slot];
    const e2eS = table.lastTokenS[slot] - arrivalS;
    const ttftS = table.firstTokenS[slot] - arrivalS;
    const tpotS = (e2eS - ttftS) / (table.output[slot] - 1);
    this.#tally.completed++;
    this.#tally.e2e.add(e2eS);
    if (table.output[slot] > 1) this.#tally.tpot.add(tpotS);
    this.#options.onRequest?.({
      index: table.order[slot],
      request: table.request[slot],
      ttftS,
      tpotS,
      e2eS,
      replica: replica.index,
      cachedTokens: table.cached[slot],
      preemptions: table.preemptions[slot],
    });
    table.remove(slot);
  }

  #fail(index: number, nowS: number, repairS: number): void {
    const replica = this.#replicas[index];
    if (replica.state === "off" || replica.state === "failed") return;
    const slots = replica.fail(nowS);
    this.#settle(replica);
    this.#timers.set(nowS + repairS, (thenS) => this.#switchOn(replica, thenS));
    this.#tally.rerouted += slots.length;
    for (const slot of slots) {
      this.#router.left(slot, replica);
      this.#table.decodeAt[slot] = -1;
    }
    for (const slot of slots) this.#dispatch(slot, nowS);
  }

  #switchOn(replica: Replica, nowS: number): void {
    replica.changeState("on", nowS);
    this.#pools.forEach(({ backlog }, pool) => {
      for (const slot of backlog.splice(0)) {
        if (pool === 0) this.#dispatch(slot, nowS);
        else this.#seat(slot, nowS); // who still finds no place stands in the backlog again
      }
    });
  }

  #switchOff(replica: Replica, nowS: number): void {
    replica.batch.kv.forget();
    replica.changeState("off", nowS);
  }

  #scale(running: RunningPool, scaling: Scaling): void {
    const scaler = new Scaler(scaling, running);
    const look = (nowS: number): void => {
      const { starting, drained } = scaler.look(nowS);
      for (const replica of drained) this.#switchOff(replica, nowS);
      for (const replica of starting) {
        this.#timers.set(nowS + scaling.startS, (thenS) => {
          if (replica.state === "starting") this.#switchOn(replica, thenS); // it may have failed since
        });
      }
      this.#timers.set(nowS + scaling.everyS, look);
    };
    this.#timers.set(scaling.everyS, look);
  }

  #readEachSecond(onSecond: (reading: ServingReading) => void): void {
    const meter = new Meter(this.#replicas, this.#tally);
    const read = (nowS: number): void => {
      const unplaced = this.#pools.reduce((sum, { backlog }) => sum + backlog.length, 0);
      onSecond(meter.read(nowS, unplaced));
      this.#timers.set(nowS + 1, read);
    };
    this.#timers.set(1, read);
  }

  /** Brings the replica's place among the busy ones up to date. */
  #settle(replica: Replica): void {
    const { index, nextS } = replica;
    if (this.#isBusy[index] === 1) this.#busy.remove(index);
    this.#isBusy[index] = nextS < Infinity ? 1 : 0;
    if (nextS < Infinity) this.#busy.push(index, nextS);
  }
}

function routerOf({ routing }: Deployment, table: RequestTable, pools: readonly RunningPool[]): Router {
  const replicas = pools.map((pool) => pool.replicas);
  return routing === "mixed-pool" ? new MixedPoolRouter(table, replicas[0], replicas[1]) : new PoolRouter(table, routing, replicas);
}
