import { migrate, type NamedLock, type Store } from "@pulmu/journal";

/** Orders that one controller has for its writes: enough for thousands of devices a second, for a century. */
const ORDERS_EACH = 2 ** 32;
const LOCK = "power.loop";

/** The right to steer: held by one controller at a time, and each has a higher fence than those before. */
export interface Leadership {
  /** Order of the first write. A device that has heard a newer controller refuses what an older one still says. */
  readonly firstOrder: number;
  /** Asks the database whether the right is still ours. Not asked for longer than a lease lasts: stop writing. */
  confirm(): Promise<boolean>;
  release(): Promise<void>;
}

/** Prepares what `takeLeadership` needs. */
export async function prepareLeadership(store: Store): Promise<void> {
  await migrate(store, "power", [
    {
      name: "fence",
      statements: [
        "create table power_fence (id bigint not null primary key, fence bigint not null)",
        "insert into power_fence (id, fence) values (1, 0)",
      ],
    },
  ]);
}

/**
 * Takes the right to steer, or gives undefined while another controller holds it. The lock tells who may, and goes with the process
 * that holds it, however it dies; the fence tells devices who came last.
 */
export async function takeLeadership(store: Store): Promise<Leadership | undefined> {
  const lock: NamedLock | undefined = await store.tryLock(LOCK, true);
  if (lock === undefined) return undefined;
  try {
    const fence = await store.transaction(async (tx) => {
      await tx.lock(LOCK);
      await tx.run("update power_fence set fence = fence + 1 where id = 1");
      const [row] = await tx.query<{ fence: number }>("select fence from power_fence where id = 1");
      return row.fence;
    });
    return { firstOrder: fence * ORDERS_EACH, confirm: () => lock.confirm(), release: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
