import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { parseCron } from "./cron.ts"

for (const { schedule, zone, after, want } of [
  { schedule: "*/5 * * * *", after: "2026-01-02T03:04:05Z", want: ["2026-01-02T03:05:00Z", "2026-01-02T03:10:00Z"] },
  { schedule: "0 9 * * MON-FRI", after: "2026-01-02T09:00:00Z", want: ["2026-01-05T09:00:00Z"] },
  { schedule: "@hourly", after: "2026-12-31T23:30:00Z", want: ["2027-01-01T00:00:00Z"] },
  { schedule: "@every 90s", after: "2026-01-02T03:04:05.600Z", want: ["2026-01-02T03:05:35Z"] },
  { schedule: "0 0 29 2 *", after: "2026-01-01T00:00:00Z", want: ["2028-02-29T00:00:00Z"] },
  // Either of both days, when both are said.
  {
    schedule: "0 0 13 * 5",
    after: "2026-01-01T00:00:00Z",
    want: ["2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"],
  },
  { schedule: "30 8 * * *", zone: "Europe/Berlin", after: "2026-07-01T00:00:00Z", want: ["2026-07-01T06:30:00Z"] },
  {
    schedule: "TZ=Asia/Kolkata 30 8 * * *",
    zone: "Europe/Berlin",
    after: "2026-07-01T00:00:00Z",
    want: ["2026-07-01T03:00:00Z"],
  },
  // Clocks skip this half hour, and go on the next day.
  { schedule: "30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T12:00:00Z", want: ["2026-03-30T00:30:00Z"] },
  // Clocks show this one twice; once is meant.
  {
    schedule: "30 2 * * *",
    zone: "Europe/Berlin",
    after: "2026-10-24T12:00:00Z",
    want: ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
  },
]) {
  test(`"${schedule}"${zone === undefined ? "" : ` in ${zone}`}`, () => {
    const parsed = parseCron(schedule, zone)
    let ms = Date.parse(after)
    for (const time of want) {
      ms = parsed.schedule!.nextMs(ms)!
      assert.equal(new Date(ms).toISOString(), time.replace("Z", ".000Z"))
    }
  })
}

test("a day that never comes", () => {
  assert.equal(parseCron("0 0 30 2 *").schedule!.nextMs(0), undefined)
})

test("the next time is the first minute that fits", () => {
  const field = (max: number) => fc.integer({ min: 0, max }).map(String)
  const schedules = fc.tuple(fc.oneof(field(59), fc.constant("*/7")), fc.oneof(field(23), fc.constant("*")))
  fc.assert(
    fc.property(schedules, fc.integer({ min: 0, max: 40_000_000 }), ([minute, hour], afterMinutes) => {
      const after = afterMinutes * 60_000
      const next = parseCron(`${minute} ${hour} * * *`).schedule!.nextMs(after)!
      const fits = (ms: number) => {
        const date = new Date(ms)
        const m = date.getUTCMinutes()
        const isMinute = minute.startsWith("*/") ? m % Number(minute.slice(2)) === 0 : m === Number(minute)
        return isMinute && (hour === "*" || date.getUTCHours() === Number(hour))
      }
      let first = after + 60_000
      while (!fits(first)) first += 60_000
      assert.equal(next, first)
    }),
    { numRuns: 100 },
  )
})
