// Loaded before the tests (`--import`): a worker that ends the run, and says where it stands, when the main thread does not
// yield for `stuckAfter` or the whole run passes `deadline`. Without it a loop that never ends is a log without a last line.
import { writeSync } from "node:fs"
import { Session } from "node:inspector"
import { isMainThread, Worker, workerData } from "node:worker_threads"

// In seconds that this process lived through: a machine that was suspended did not make the tests slow.
const stuckAfter = 180
const deadline = 40 * 60

interface Frame {
  functionName: string
  location: { scriptId: string; lineNumber: number }
}

function end(why: string): void {
  writeSync(1, `\n✖ ${why}\n\n0 passed, 1 failed\n`)
  process.kill(process.pid, "SIGKILL")
}

/** Pauses the main thread wherever it is, and tells its call stack. */
function endAtTheStack(why: string): void {
  const session = new Session()
  session.connectToMainThread()
  const scripts = new Map<string, string>()
  session.on("Debugger.scriptParsed", (message) => {
    const { scriptId, url } = message.params as unknown as { scriptId: string; url: string }
    scripts.set(scriptId, url)
  })
  session.on("Debugger.paused", (message) => {
    const frames = (message.params as unknown as { callFrames: Frame[] }).callFrames.map(
      ({ functionName, location }) =>
        `    at ${functionName || "(anonymous)"} (${scripts.get(location.scriptId)}:${location.lineNumber + 1})`,
    )
    end([why, ...frames].join("\n"))
  })
  session.post("Debugger.enable")
  session.post("Debugger.pause")
  // A main thread inside native code does not pause.
  setTimeout(() => end(`${why} It is in native code.`), 10_000)
}

if (isMainThread) {
  const beats = new Int32Array(new SharedArrayBuffer(4))
  setInterval(() => Atomics.add(beats, 0, 1), 1_000).unref()
  new Worker(new URL(import.meta.url), { workerData: beats, execArgv: [] }).unref()
} else {
  const beats = workerData as Int32Array
  let lived = 0
  let silent = 0
  let seen = -1
  const timer = setInterval(() => {
    lived++
    const count = Atomics.load(beats, 0)
    silent = count === seen ? silent + 1 : 0
    seen = count
    if (silent < stuckAfter && lived < deadline) return
    clearInterval(timer)
    if (silent >= stuckAfter) endAtTheStack(`the tests' thread did not yield for ${stuckAfter} s:`)
    else end(`the tests did not end within ${deadline / 60} minutes`)
  }, 1_000)
}
