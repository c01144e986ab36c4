import { EventHistory } from "./event-history.ts"
import { Store, type PendingWrite, type WriteLog } from "./store.ts"
import type { Storage, StorageEngine, StoreOptions } from "./storage.ts"

/** A storage that forgets with the process: for tests, simulations and members that need no disk. */
export function memoryStorage(options?: StoreOptions): Storage {
  return new Store(new MemoryLog(), { revision: 0, values: [], history: new EventHistory(0, options) })
}

/** Many memory storages by name. */
export function memoryEngine(): StorageEngine {
  const stores = new Map<string, Storage>()
  return {
    store(name, options) {
      const store = stores.get(name) ?? memoryStorage(options)
      stores.set(name, store)
      return Promise.resolve(store)
    },
    drop(name) {
      stores.delete(name)
      return Promise.resolve()
    },
    async close() {
      for (const store of stores.values()) await store.close()
    },
  }
}

/** Acknowledges in the next microtask, so that a write never publishes inside its caller. */
class MemoryLog implements WriteLog {
  #scheduled = false

  append(store: Store, write: PendingWrite): void {
    write.ready = true
    if (this.#scheduled) return
    this.#scheduled = true
    void Promise.resolve().then(() => {
      this.#scheduled = false
      store.publish()
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
