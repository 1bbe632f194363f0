import { keepPreviousData, QueryClient, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useClock } from "../shell/clock.tsx";
import { useLive, useLiveEvents } from "./live.ts";
import { ApiFailure, ask } from "./request.ts";
import type {
  ConsoleFacts,
  FactoryEvent,
  FloorNow,
  FloorPlan,
  GridEvent,
  Moment,
  PointSeries,
  SeriesAnswer,
  Site,
  Steering,
  Today,
  WorkState,
} from "./types.ts";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => count < 2 && !(error instanceof ApiFailure && error.status >= 400 && error.status < 500),
      refetchOnWindowFocus: false,
      staleTime: 1_000,
    },
  },
});

/** Something of the API, asked again every `everyMs` while it is on screen. */
export function useApi<T>(path: string | undefined, everyMs?: number): UseQueryResult<T, ApiFailure> {
  return useQuery<T, ApiFailure>({
    queryKey: [path],
    queryFn: ({ signal }) => ask<T>(path!, { signal }),
    enabled: path !== undefined,
    placeholderData: keepPreviousData,
    ...(everyMs !== undefined && { refetchInterval: everyMs }),
  });
}

export const useSite = () =>
  useQuery<Site, ApiFailure>({ queryKey: ["/api/site"], queryFn: () => ask<Site>("/api/site"), staleTime: Infinity });
export const usePlan = () =>
  useQuery<FloorPlan, ApiFailure>({ queryKey: ["/api/floor"], queryFn: () => ask<FloorPlan>("/api/floor"), staleTime: Infinity });
export const useFacts = () => useApi<ConsoleFacts>("/api/console", 30_000);

/** The factory now, or as it was at the time the clock is turned back to. Undefined until something is known. */
export function useMoment(): Partial<Moment> & { readonly isPast: boolean } {
  const { atMs } = useClock();
  const isPast = atMs !== undefined;
  const live = useLive();
  const facts = useFacts().data;
  const steering = useApi<Steering>(isPast || facts?.steers !== true ? undefined : "/api/steering", 2_000);
  const works = useApi<readonly WorkState[]>(isPast ? undefined : "/api/works", 2_000);
  const today = useApi<Today>(isPast ? undefined : "/api/today", 2_000);
  const past = useApi<Moment>(isPast ? `/api/moment?at=${atMs}` : undefined);
  if (isPast) return { ...past.data, isPast };
  return {
    isPast,
    ...(live.state !== undefined && { state: live.state }),
    ...(steering.data !== undefined && { steering: steering.data }),
    ...(works.data !== undefined && { works: works.data }),
    ...(today.data !== undefined && { today: today.data }),
  };
}

/** Series of the site over the `spanS` up to the time that is shown. */
export function useSeries(names: readonly string[], spanS: number): SeriesAnswer | undefined {
  const { atMs } = useClock();
  const stepS = Math.max(1, Math.round(spanS / 400));
  const span = atMs === undefined ? `last=${spanS}` : `from=${atMs - spanS * 1000}&to=${atMs}`;
  const { data } = useQuery<SeriesAnswer, ApiFailure>({
    queryKey: ["series", names.join(","), span],
    queryFn: async ({ signal }) => {
      const base = `/api/series?name=${names.join(",")}&step=${stepS}`;
      if (atMs !== undefined) return ask<SeriesAnswer>(`${base}&${span}`, { signal });
      const { atMs: nowMs } = await ask<{ atMs: number }>("/healthz", { signal });
      return ask<SeriesAnswer>(`${base}&from=${nowMs - spanS * 1000}`, { signal });
    },
    placeholderData: keepPreviousData,
    ...(atMs === undefined && { refetchInterval: Math.max(2_000, stepS * 1_000) }),
  });
  return data;
}

export function useFloorNow(everyMs: number): FloorNow | undefined {
  const { atMs } = useClock();
  return useApi<FloorNow>(atMs === undefined ? "/api/floor/now" : `/api/floor/now?at=${atMs}`, atMs === undefined ? everyMs : undefined)
    .data;
}

export function useNodePower(): readonly number[] | undefined {
  const { atMs } = useClock();
  return useApi<readonly number[]>(
    atMs === undefined ? "/api/floor/nodes" : `/api/floor/nodes?at=${atMs}`,
    atMs === undefined ? 2_000 : undefined,
  ).data;
}

/** The last day of a point; of one GPU of a rack, its share. */
export function usePointSeries(kind: "rack" | "node" | "gpu", id: string): PointSeries | undefined {
  const of = kind === "gpu" ? `rack=${encodeURIComponent(id)}&per=gpu` : `${kind}=${encodeURIComponent(id)}`;
  return useApi<PointSeries>(`/api/floor/series?${of}`, 10_000).data;
}

/** What has happened up to the time that is shown, newest first. */
export function useEvents(): readonly FactoryEvent[] {
  const { atMs } = useClock();
  const live = useLiveEvents();
  const past = useApi<readonly FactoryEvent[]>(atMs === undefined ? undefined : `/api/happened?until=${atMs}`).data;
  return atMs === undefined ? live : (past ?? []);
}

/** Load targets as they stood at the time that is shown: those not over then as they were kept, the others as they ended. */
export function useGridEvents(everyMs: number) {
  const { atMs } = useClock();
  const steers = useFacts().data?.steers ?? false;
  const then = useMoment().gridEvents;
  const query = useApi<readonly GridEvent[]>(steers ? "/api/grid/events" : undefined, everyMs);
  if (!steers) return { ...query, data: [] };
  if (atMs === undefined) return query;
  const kept = new Map(then?.map((event) => [event.id, event]));
  return { ...query, data: query.data?.filter(({ takenMs }) => takenMs <= atMs).map((event) => kept.get(event.id) ?? event) };
}
