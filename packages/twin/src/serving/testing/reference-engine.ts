/**
 * The serving engine as slowly and plainly as it can be written: one step at a time, every sequence on its own, everything counted
 * anew. Tests compare the fast one to it.
 */
import { mostReplicas, type Deployment } from "../deployment.ts";
import type { ServingRequest } from "../request.ts";
import type { StepModel } from "../../steptime/step-model.ts";

interface Req {
  readonly index: number;
  readonly request: ServingRequest;
  readonly key: number;
  generated: number;
  target: number;
  computed: number;
  own: number;
  held: string[];
  firstS: number;
  lastS: number;
  charge: number;
  replica: number;
  preemptions: number;
  cached: number;
}

interface Rep {
  readonly index: number;
  readonly role: string;
  readonly model: StepModel;
  readonly clock: number;
  readonly maxSequences: number;
  readonly maxBatchTokens: number;
  on: boolean;
  waiting: Req[];
  ready: Req[];
  decoding: Req[];
  paused: Req[];
  handing: Req[];
  partial: Req | undefined;
  chunks: [Req, number][];
  entries: Map<string, { holders: Set<Req>; idleSince: number }>;
  startS: number;
  endS: number;
  load: number;
  energyJ: number;
  idleSinceS: number;
  leaving: Req[];
}

export interface ReferenceResult {
  /** By order of arrival. */
  readonly requests: {
    readonly ttftS: number;
    readonly e2eS: number;
    readonly replica: number;
    readonly preemptions: number;
    readonly cachedTokens: number;
  }[];
  readonly gapsS: number[];
  readonly steps: number;
  readonly energyJ: number;
  /** Most KV blocks held beyond what a replica has. */
  readonly mostBlocks: number;
}

export function referenceRun(deployment: Deployment, requests: readonly ServingRequest[]): ReferenceResult {
  const { blockTokens, prefixTokens, batching, routing } = deployment;
  const grows = batching === "chunked";
  const perEntry = prefixTokens / blockTokens;
  let nextIndex = 0;
  let idleOrder = 0;
  const pools: Rep[][] = deployment.pools.map((pool) =>
    Array.from({ length: mostReplicas(pool) }, () => ({
      index: nextIndex++,
      role: pool.role,
      model: pool.model,
      clock: pool.clock,
      maxSequences: pool.maxSequences,
      maxBatchTokens: pool.maxBatchTokens,
      on: true,
      waiting: [],
      ready: [],
      decoding: [],
      paused: [],
      handing: [],
      partial: undefined,
      chunks: [],
      entries: new Map(),
      startS: 0,
      endS: Infinity,
      load: 0,
      energyJ: 0,
      idleSinceS: 0,
      leaving: [],
    })),
  );
  const reps = pools.flat();
  const turns = pools.map(() => 0);
  const backlog: Req[][] = pools.map(() => []);
  const timers: { atS: number; order: number; run: (nowS: number) => void }[] = [];
  let timerOrder = 0;
  const at = (atS: number, run: (nowS: number) => void): void => void timers.push({ atS, order: timerOrder++, run });
  const done: Req[] = [];
  const gapsS: number[] = [];
  let steps = 0;
  let mostBlocks = -Infinity;

  const blocksFor = (tokens: number): number => Math.ceil(tokens / blockTokens);
  const capacity = (rep: Rep): number => Math.floor(rep.model.kvCapacityTokens / blockTokens);
  const holders = (rep: Rep): Set<Req> =>
    new Set([
      ...rep.decoding,
      ...rep.paused,
      ...rep.handing,
      ...rep.ready,
      ...rep.chunks.map(([req]) => req),
      ...(rep.partial ? [rep.partial] : []),
    ]);
  const heldBlocks = (rep: Rep): number => {
    let blocks = 0;
    for (const req of holders(rep)) blocks += req.own;
    for (const { holders: all } of rep.entries.values()) if (all.size > 0) blocks += perEntry;
    return blocks;
  };
  const available = (rep: Rep): number => capacity(rep) - heldBlocks(rep);
  const squeeze = (rep: Rep): void => {
    const idle = (): [string, { idleSince: number }][] => [...rep.entries].filter(([, entry]) => entry.holders.size === 0);
    while (heldBlocks(rep) + idle().length * perEntry > capacity(rep)) {
      rep.entries.delete(idle().reduce((a, b) => (a[1].idleSince < b[1].idleSince ? a : b))[0]);
    }
    mostBlocks = Math.max(mostBlocks, heldBlocks(rep) - capacity(rep));
  };
  const hitIds = (rep: Rep, req: Req): string[] => {
    const ids: string[] = [];
    if (prefixTokens === 0) return ids;
    for (const id of req.request.blocks ?? []) {
      if ((ids.length + 1) * prefixTokens > req.request.promptTokens - 1 || !rep.entries.has(String(id))) break;
      ids.push(String(id));
    }
    return ids;
  };
  const admit = (rep: Rep, req: Req, tokens: number, spared: number): boolean => {
    const ids = hitIds(rep, req);
    const own = blocksFor(tokens) - ids.length * perEntry;
    const woken = ids.filter((id) => rep.entries.get(id)?.holders.size === 0).length;
    if (own + woken * perEntry > available(rep) - spared) return false;
    for (const id of ids) rep.entries.get(id)?.holders.add(req);
    req.held = ids;
    req.own = own;
    req.computed = ids.length * prefixTokens;
    if (req.generated === 0) req.cached = req.computed;
    return true;
  };
  const letGo = (rep: Rep, req: Req): void => {
    for (const id of [...req.held].reverse()) {
      const entry = rep.entries.get(id);
      entry?.holders.delete(req);
      if (entry?.holders.size === 0) entry.idleSince = idleOrder++;
    }
    req.held = [];
    req.own = 0;
  };
  const publish = (rep: Rep, req: Req): void => {
    if (prefixTokens === 0) return;
    const full = Math.floor(req.request.promptTokens / prefixTokens);
    for (const id of (req.request.blocks ?? []).slice(req.held.length, full).map(String)) {
      if (rep.entries.has(id)) continue;
      rep.entries.set(id, { holders: new Set([req]), idleSince: 0 });
      req.held.push(id);
      req.own -= perEntry;
    }
  };
  const heldTokens = (req: Req): number => req.request.promptTokens + req.generated - 1;
  const needsBlock = (req: Req): boolean => grows && heldTokens(req) % blockTokens === 0;
  const growth = (rep: Rep): number => rep.decoding.filter(needsBlock).length;
  const byKey = (a: Req, b: Req): number => a.key - b.key;
  const first = (queue: Req[]): Req | undefined => queue.sort(byKey)[0];
  const without = (queue: Req[], req: Req): Req[] => queue.filter((other) => other !== req);
  const addChunk = (rep: Rep, req: Req, most: number): number => {
    const tokens = Math.min(most, req.target - req.computed);
    rep.chunks.push([req, tokens]);
    return tokens;
  };

  const enqueue = (rep: Rep, req: Req): void => {
    req.target = req.request.promptTokens + req.generated;
    req.computed = 0;
    rep.waiting.push(req);
  };

  const formChunked = (rep: Rep): void => {
    let preempted = false;
    while (growth(rep) > available(rep)) {
      const newestFirst = [...rep.decoding].reverse();
      const worst = Math.max(...rep.decoding.map(({ request }) => request.priority ?? 0));
      const victim = rep.partial ?? (newestFirst.find(({ request }) => (request.priority ?? 0) === worst) as Req);
      rep.partial = undefined;
      rep.decoding = without(rep.decoding, victim);
      letGo(rep, victim);
      victim.preemptions++;
      enqueue(rep, victim);
      preempted = true;
    }
    let budget = rep.maxBatchTokens - rep.decoding.length;
    if (rep.partial && budget > 0) budget -= addChunk(rep, rep.partial, budget);
    while (!preempted && budget > 0 && rep.decoding.length + rep.chunks.length < rep.maxSequences) {
      const prompt = first(rep.waiting);
      const made = first(rep.ready);
      if (made && (!prompt || made.key < prompt.key)) {
        if (!admit(rep, made, heldTokens(made), growth(rep) + (needsBlock(made) ? 1 : 0))) break;
        rep.ready = without(rep.ready, made);
        rep.decoding.push(made);
        squeeze(rep);
        budget--;
      } else if (prompt && admit(rep, prompt, prompt.target, growth(rep))) {
        rep.waiting = without(rep.waiting, prompt);
        budget -= addChunk(rep, prompt, budget);
        squeeze(rep);
      } else break;
    }
  };

  const formPromptFirst = (rep: Rep): void => {
    let budget = rep.maxBatchTokens;
    for (let req = first(rep.waiting); req && rep.chunks.length < rep.maxSequences; req = first(rep.waiting)) {
      if (rep.chunks.length > 0 && req.target > budget) break;
      if (!admit(rep, req, req.request.promptTokens + req.request.outputTokens, 0)) break;
      rep.waiting = without(rep.waiting, req);
      budget -= addChunk(rep, req, Infinity);
      squeeze(rep);
    }
    const seats = Math.max(0, Math.min(budget, rep.maxSequences - rep.chunks.length));
    const before = [...rep.paused];
    const running = [...rep.decoding];
    const resumed = before.slice(0, seats);
    const kept = running.slice(0, seats - resumed.length);
    rep.paused = [...before.slice(resumed.length), ...running.slice(kept.length)];
    rep.decoding = [...kept, ...resumed];
    for (let req = first(rep.ready); req && rep.decoding.length < seats; req = first(rep.ready)) {
      if (req.own === 0 && !admit(rep, req, req.request.promptTokens + req.request.outputTokens, 0)) {
        req = first(rep.ready.filter(({ own }) => own > 0));
        if (req === undefined) break;
      }
      rep.ready = without(rep.ready, req);
      rep.decoding.push(req);
      squeeze(rep);
    }
  };

  const contextOf = (rep: Rep): number => rep.decoding.reduce((sum, req) => sum + heldTokens(req) + 1, 0);
  const loadOf = (rep: Rep): [number, number, number, number, number] => {
    let prefill = 0;
    let context = 0;
    for (const [req, tokens] of rep.chunks) {
      prefill += tokens;
      context += tokens * (req.computed + (tokens + 1) / 2);
    }
    return [prefill, context, rep.decoding.length, contextOf(rep), rep.clock];
  };

  const start = (rep: Rep, nowS: number): void => {
    if (rep.on) rep.energyJ += rep.model.idleW * rep.model.gpus * (nowS - rep.idleSinceS);
    rep.idleSinceS = nowS;
    rep.chunks = [];
    if (batching === "chunked") formChunked(rep);
    else formPromptFirst(rep);
    if (rep.chunks.length + rep.decoding.length === 0) return;
    rep.startS = nowS;
    rep.endS = nowS + rep.model.stepS(...loadOf(rep));
  };

  const finish = (rep: Rep): void => {
    const nowS = rep.endS;
    steps++;
    rep.energyJ += rep.model.gpuPowerW(...loadOf(rep)) * rep.model.gpus * (nowS - rep.startS);
    for (const req of rep.decoding) {
      if (needsBlock(req)) req.own++;
      req.generated++;
      gapsS.push(nowS - req.lastS);
      req.lastS = nowS;
    }
    squeeze(rep);
    const ended = rep.decoding.filter((req) => req.generated === req.request.outputTokens).sort((a, b) => a.index - b.index);
    rep.decoding = rep.decoding.filter((req) => !ended.includes(req));
    rep.leaving = [];
    for (const req of ended) leave(rep, req);
    const chunks = rep.chunks;
    rep.partial = undefined;
    for (const [req, tokens] of chunks) {
      req.computed += tokens;
      rep.chunks = rep.chunks.filter(([other]) => other !== req);
      if (req.computed < req.target) {
        rep.partial = req;
        continue;
      }
      publish(rep, req);
      if (req.generated++ === 0) req.firstS = nowS;
      else gapsS.push(nowS - req.lastS);
      req.lastS = nowS;
      if (rep.role !== "decode") {
        rep.load -= req.charge - 1;
        req.charge = 1;
      }
      if (req.generated === req.request.outputTokens) leave(rep, req);
      else if (rep.role === "prefill") {
        rep.handing.push(req);
        rep.leaving.push(req);
      } else if (grows) rep.decoding.push(req);
      else rep.ready.push(req);
    }
    rep.endS = Infinity;
    rep.idleSinceS = nowS;
    for (const req of rep.leaving) {
      if (req.generated === req.request.outputTokens) done.push(req);
      else at(nowS + rep.model.kvTransferS(req.target), (thenS) => handOver(rep, req, thenS));
    }
    start(rep, nowS);
  };
  const leave = (rep: Rep, req: Req): void => {
    letGo(rep, req);
    rep.load -= req.charge;
    rep.leaving.push(req);
  };

  const choose = (pool: number, req: Req): Rep | undefined => {
    const on = pools[pool].filter((rep) => rep.on);
    if (routing === "round-robin") {
      for (let i = 0; i < pools[pool].length; i++) {
        const rep = pools[pool][turns[pool]];
        turns[pool] = (turns[pool] + 1) % pools[pool].length;
        if (rep.on) return rep;
      }
      return undefined;
    }
    const cost = (rep: Rep): number =>
      routing === "least-loaded" ? rep.load : rep.load + req.request.promptTokens - hitIds(rep, req).length * prefixTokens + contextOf(rep);
    return on.reduce<Rep | undefined>((best, rep) => (best === undefined || cost(rep) < cost(best) ? rep : best), undefined);
  };
  const dispatch = (req: Req, nowS: number): void => {
    const rep = choose(0, req);
    if (rep === undefined) return void backlog[0].push(req);
    req.charge = req.request.promptTokens + req.generated - hitIds(rep, req).length * prefixTokens + 1;
    place(rep, req);
    enqueue(rep, req);
    if (rep.endS === Infinity) start(rep, nowS);
  };
  const seat = (req: Req, nowS: number): void => {
    const rep = choose(1, req);
    if (rep === undefined) return void backlog[1].push(req);
    req.charge = req.request.promptTokens + req.generated;
    place(rep, req);
    rep.ready.push(req);
    if (rep.endS === Infinity) start(rep, nowS);
  };
  const place = (rep: Rep, req: Req): void => {
    rep.load += req.charge;
    req.replica = rep.index;
  };
  const handOver = (from: Rep, req: Req, nowS: number): void => {
    from.handing = without(from.handing, req);
    from.load -= req.charge;
    letGo(from, req);
    if (from.endS === Infinity) start(from, nowS);
    seat(req, nowS);
  };
  const fail = (rep: Rep, nowS: number, repairS: number): void => {
    if (!rep.on) return;
    const lost = [
      ...new Set([
        ...rep.waiting,
        ...rep.ready,
        ...rep.decoding,
        ...rep.paused,
        ...rep.chunks.map(([req]) => req),
        ...(rep.partial ? [rep.partial] : []),
      ]),
    ];
    if (rep.endS === Infinity) rep.energyJ += rep.model.idleW * rep.model.gpus * (nowS - rep.idleSinceS);
    else rep.energyJ += rep.model.gpuPowerW(...loadOf(rep)) * rep.model.gpus * (nowS - rep.startS);
    for (const req of lost) letGo(rep, req);
    rep.entries = new Map([...rep.entries].filter(([, entry]) => entry.holders.size > 0));
    Object.assign(rep, { on: false, waiting: [], ready: [], decoding: [], paused: [], chunks: [], partial: undefined });
    Object.assign(rep, { endS: Infinity, load: rep.handing.length, idleSinceS: nowS });
    at(nowS + repairS, (thenS) => {
      rep.on = true;
      rep.idleSinceS = thenS;
      const pool = pools.findIndex((all) => all.includes(rep));
      for (const req of backlog[pool].splice(0)) (pool === 0 ? dispatch : seat)(req, thenS);
    });
    for (const req of lost.sort((a, b) => a.index - b.index)) dispatch(req, nowS);
  };

  for (const { replica, atS, repairS } of deployment.failures) at(atS, (nowS) => fail(reps[replica], nowS, repairS));
  let arrived = 0;
  let nowS = 0;
  while (done.length < requests.length) {
    const timer = timers.reduce<(typeof timers)[0] | undefined>(
      (a, b) => (a === undefined || b.atS < a.atS || (b.atS === a.atS && b.order < a.order) ? b : a),
      undefined,
    );
    const rep = reps.reduce((a, b) => (b.endS < a.endS ? b : a));
    const arrivalS = requests[arrived]?.atS ?? Infinity;
    if (arrivalS <= Math.min(timer?.atS ?? Infinity, rep.endS)) {
      nowS = arrivalS;
      const request = requests[arrived];
      const key = (request.priority ?? 0) * 1e9 + arrived;
      const index = arrived++;
      const fresh = { index, request, key, generated: 0, target: request.promptTokens, computed: 0, own: 0, held: [], firstS: 0, lastS: 0 };
      dispatch({ ...fresh, charge: 0, replica: -1, preemptions: 0, cached: 0 }, nowS);
    } else if (timer !== undefined && timer.atS < rep.endS) {
      nowS = timer.atS;
      timers.splice(timers.indexOf(timer), 1);
      timer.run(nowS);
    } else {
      nowS = rep.endS;
      finish(rep);
    }
  }
  const energyJ = reps.reduce((sum, rep) => {
    const powerW = !rep.on ? 0 : rep.endS === Infinity ? rep.model.idleW : rep.model.gpuPowerW(...loadOf(rep));
    return sum + rep.energyJ + powerW * rep.model.gpus * (nowS - (rep.endS === Infinity ? rep.idleSinceS : rep.startS));
  }, 0);
  const rows = done
    .sort((a, b) => a.index - b.index)
    .map((req) => ({
      ttftS: req.firstS - req.request.atS,
      e2eS: req.lastS - req.request.atS,
      replica: req.replica,
      preemptions: req.preemptions,
      cachedTokens: req.cached,
    }));
  return { requests: rows, gapsS, steps, energyJ, mostBlocks };
}
