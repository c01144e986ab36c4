import assert from "node:assert/strict"
import { test } from "node:test"
import { checkSyncs } from "./sync-trace.ts"

const WRITE = String.raw`12 pwrite64(23</d/a.db-wal>, "\0\1/a/3/17;\0", 4096, 32) = 4096`
const ACK = String.raw`11 write(1<pipe:[5]>, "/a/3/17; 40\n", 12) = 12`

test("a key that was synced before it was told is in order, also when the sync is cut in two", () => {
  const whole = [WRITE, "12 fdatasync(23</d/a.db-wal>) = 0", ACK]
  assert.deepEqual(checkSyncs(whole), { acknowledgements: 1, syncs: 1, writes: 1, unsynced: [] })
  const cut = [WRITE, "12 fdatasync(23</d/a.db-wal> <unfinished ...>", "12 <... fdatasync resumed>) = 0", ACK]
  assert.deepEqual(checkSyncs(cut).unsynced, [])
})

for (const [what, lines] of Object.entries({
  "no sync": [WRITE, ACK],
  "a sync before the write": ["12 fdatasync(23</d/a.db-wal>) = 0", WRITE, ACK],
  "a sync of another file": [WRITE, "12 fdatasync(24</d/a.db>) = 0", ACK],
  "a sync that is not complete": [WRITE, "12 fdatasync(23</d/a.db-wal> <unfinished ...>", ACK],
  "a sync that failed": [WRITE, "12 fdatasync(23</d/a.db-wal>) = -1 EIO (Input/output error)", ACK],
  "no write": [ACK],
})) {
  test(`${what} is found`, () => assert.deepEqual(checkSyncs(lines).unsynced, ["/a/3/17;"]))
}
