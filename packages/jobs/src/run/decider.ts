import { drawnW, ENDED, type Job, type JobState } from "../book/job.ts";
import { deadlineIsNear, endPause } from "../book/job-times.ts";
import { decide } from "../quota/decide.ts";
import { WHY } from "../quota/decision.ts";
import type { Quota, Reservation } from "../quota/quota.ts";
import { reservedForOthers } from "../quota/reservations.ts";
import type { Desk } from "./desk.ts";
import { ended } from "./observe.ts";
import { Groups, queueOrder, runningTable, waitingTable } from "./tables.ts";
import { chainOf, hurryOf, pauseReason, shareOf, waitReason } from "./words.ts";

/** Jobs are warned so long before a budget that is known to come. */
const WARN_MS = 60_000;
/** A warning younger than this is not repeated when the pause begins. */
const WARNED_MS = 120_000;
/** Reasons of waiting jobs written down in one step; the others follow. */
const REASONS_AT_ONCE = 200;
/** Past jobs looked up at a time, for those that come after them. */
const LOOK_UP_AT_ONCE = 500;

/** Decides who may start and who must pause, and marks it on the jobs; the engine is told after it was written down. */
export class Decider {
  readonly #desk: Desk;
  /** States of jobs that ended before others came to depend on them, and those not looked up yet. */
  readonly #past = new Map<string, JobState>();
  readonly #unknown = new Set<string>();
  quotas: readonly Quota[] = [];
  reservations: readonly Reservation[] = [];
  gpuMonth: ReadonlyMap<string, number> = new Map();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  decide(nowMs: number): void {
    const desk = this.#desk;
    if (!desk.observed || desk.nodes.length === 0) return; // who runs is not known yet
    desk.dirty = false;
    const { live, racks, power } = desk;
    const drawing = live.drawing();
    desk.drawnW = drawing.reduce((sum, job) => sum + drawnW(job), 0);
    const waiting = live.filter((job) => this.mayStart(job, nowMs)).toSorted(queueOrder(nowMs));
    const groups = new Groups([...waiting, ...drawing], this.quotas, this.reservations, this.gpuMonth, nowMs);
    const running = runningTable(drawing, groups, racks, nowMs, desk.caps.able(nowMs));
    const {
      start,
      pause,
      power: drawn,
      why,
    } = decide(groups.table, waitingTable(waiting, groups, nowMs), running, racks.place(drawing, power.budgetW));
    for (const { job, powerW } of drawn) this.#hold(drawing[job], powerW, nowMs);
    for (const { job, for: kind, waiting: forWhom } of pause) this.#beginPause(drawing[job], `${pauseReason(kind, power, waiting[forWhom])}${hurryOf(drawing[job], nowMs)}`, nowMs); // prettier-ignore
    for (const i of start) this.#letGo(waiting[i], nowMs);
    this.#explain(waiting, why, nowMs);
    this.#warnAhead(drawing, groups, nowMs);
  }

  mayStart(job: Job, nowMs: number): boolean {
    if (job.state !== "waiting" && job.state !== "held" && job.state !== "paused") return false;
    return job.notBeforeMs <= nowMs && !this.#desk.asked.has(job.id) && this.#dependenciesMet(job, nowMs);
  }

  /** Looks up what came before jobs and is not in memory any more. */
  async lookUpPast(): Promise<void> {
    if (this.#unknown.size === 0) return;
    const ids = [...this.#unknown].slice(0, LOOK_UP_AT_ONCE);
    const states = await this.#desk.options.book.states(ids);
    for (const id of ids) {
      this.#unknown.delete(id);
      const state = states.get(id) ?? "cancelled"; // nobody knows it: it will never end well
      if (ENDED.has(state)) this.#past.set(id, state);
    }
  }

  #dependenciesMet(job: Job, nowMs: number): boolean {
    for (const id of job.spec.after) {
      const before = this.#desk.live.get(id);
      const state = before?.state ?? this.#past.get(id);
      if (state === "done") continue;
      if (state === "failed" || state === "cancelled") {
        const how = state === "failed" ? "has failed" : "has been cancelled";
        this.#desk.told(job, ended(job, "cancelled", `cancelled: ${id}, which it comes after, ${how}`, nowMs, -1), nowMs);
        return false;
      }
      if (state === undefined) this.#unknown.add(id);
      job.reason = `waits for ${id} to end`;
      return false;
    }
    return true;
  }

  #letGo(job: Job, nowMs: number): void {
    const { live, asked, power } = this.#desk;
    if (job.engineId === "") return; // it is handed over first, and decided on again
    const resumed = job.state === "paused";
    endPause(job, nowMs);
    job.state = "released";
    job.nodes = [];
    job.reason = "starts as soon as the engine has room";
    this.#desk.drawnW += job.powerW;
    const text = resumed ? `goes on: ${chainOf(power) || "there is room again"}` : "may start";
    live.tell(
      job,
      nowMs,
      resumed ? "resumed" : "released",
      deadlineIsNear(job, nowMs) ? `${text}, before others like it${hurryOf(job, nowMs)}` : text,
    );
    if (resumed) live.draft({ kind: "jobs.resumed", actor: "system", subject: job.id, data: { pausedMs: job.pausedMs } });
    asked.set(job.id, "release");
  }

  /** Another share of its power, for a job that goes on. */
  #hold(job: Job, powerW: number, nowMs: number): void {
    const { live, power } = this.#desk;
    const less = powerW < drawnW(job);
    this.#desk.drawnW += powerW - drawnW(job);
    job.share = powerW / job.powerW;
    const traceparent = power.cause?.traceparent ?? "";
    const text = less ? `held to ${shareOf(job)} of its power: ${chainOf(power)}` : `has ${shareOf(job)} of its power again`;
    job.reason = job.share < 1 ? `runs with ${shareOf(job)} of its power: ${chainOf(power)}` : `runs on ${job.nodes.join(", ")}`;
    live.tell(job, nowMs, less ? "held-back" : "given-back", text, traceparent);
    live.draft({ kind: less ? "jobs.held-back" : "jobs.given-back", actor: "system", subject: job.id, data: { powerW, share: job.share }, ...(traceparent === "" ? {} : { traceparent }) }); // prettier-ignore
  }

  #beginPause(job: Job, reason: string, nowMs: number): void {
    const { live, asked, power } = this.#desk;
    const traceparent = power.cause?.traceparent ?? "";
    job.state = "pausing";
    job.reason = reason;
    if (nowMs - job.askedMs > WARNED_MS || job.checkpointMs < job.askedMs) asked.set(job.id, "warn");
    else asked.delete(job.id);
    live.tell(job, nowMs, "pausing", reason, traceparent);
    live.draft({ kind: "jobs.pausing", actor: "system", subject: job.id, data: { reason, powerW: job.powerW }, ...(traceparent === "" ? {} : { traceparent }) }); // prettier-ignore
  }

  /** Says on each job why it waits; a reason of another kind is written down. */
  #explain(waiting: readonly Job[], why: Uint8Array, nowMs: number): void {
    const { live, power, drawnW } = this.#desk;
    const kind = (reason: string) => reason.split(":")[0];
    let written = 0;
    for (const [i, job] of waiting.entries()) {
      if (why[i] === 0 || job.state === "paused") continue;
      const reason = `${waitReason(WHY[why[i]], job, power, drawnW, reservedForOthers(this.reservations, job.projectId, nowMs))}${hurryOf(job, nowMs)}`;
      if (kind(job.reason) !== kind(reason)) {
        if (written++ >= REASONS_AT_ONCE) continue;
        live.touch(job, nowMs);
      }
      job.reason = reason;
    }
  }

  /** Jobs that a budget to come would pause are asked to save their work before. */
  #warnAhead(drawing: readonly Job[], groups: Groups, nowMs: number): void {
    const { power, racks, asked, live } = this.#desk;
    const { next } = power;
    if (next === undefined || next.budgetW >= power.budgetW || next.fromMs - nowMs > WARN_MS) return;
    const running = runningTable(drawing, groups, racks, nowMs, this.#desk.caps.able(nowMs));
    const { pause } = decide(groups.table, waitingTable([], groups, nowMs), running, racks.place(drawing, next.budgetW));
    for (const { job: i } of pause) {
      const job = drawing[i];
      if (job.state !== "running" || job.spec.checkpoint === undefined || nowMs - job.askedMs < WARNED_MS) continue;
      asked.set(job.id, "warn");
      live.tell(job, nowMs, "warned", "asked to save its work: power goes down soon", power.cause?.traceparent);
    }
  }
}
