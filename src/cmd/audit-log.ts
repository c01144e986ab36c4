// The audit log of `hawser apiserver` and `hawser up`: a policy from a file, lines into another.
import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseAuditPolicy } from "#apiserver/audit/policy.ts"
import type { AuditOptions } from "#apiserver/filters/audit.ts"
import type { AuditFlags } from "#cli/roots.ts"
import { CommandError } from "#cli/terminal.ts"
import { openRotatingFile } from "#lib/rotating-file.ts"
import type { Runtime } from "#runtime/controller.ts"

const DAY_MS = 86_400_000
/** Lines that may wait for the disk. */
const QUEUE_BYTES_MAX = 32 * 1024 * 1024

/**
 * @param cwd  what paths of flags are relative to
 * @returns undefined without a policy
 * @throws CommandError for a policy that cannot be read
 */
export async function openAuditLog(
  runtime: Runtime,
  flags: AuditFlags,
  { cwd, dir }: { readonly cwd: string; readonly dir: string },
  opened: AsyncDisposableStack,
): Promise<AuditOptions | undefined> {
  if (flags.auditPolicy === undefined) {
    if (flags.auditLog === undefined) return undefined
    throw new CommandError("Cannot write an audit log without a policy", { next: "name one with --audit-policy" })
  }
  const file = resolve(cwd, flags.auditPolicy)
  const policy = await readPolicy(file)
  const path = flags.auditLog === undefined ? join(dir, "audit.log") : resolve(cwd, flags.auditLog)
  const { clock, log, metrics } = runtime
  const written = opened.adopt(
    await openRotatingFile({
      path,
      clock,
      bytesMax: flags.auditLogMaxMegabytes * 1024 * 1024,
      backupsMax: flags.auditLogMaxBackups,
      ageMsMax: flags.auditLogMaxDays * DAY_MS,
      queueBytesMax: QUEUE_BYTES_MAX,
      onError: (error) => log.error("Cannot write audit log", { error, path }),
    }),
    (opening) => opening.close(),
  )
  const events = metrics?.counter(
    "apiserver_audit_event_total",
    "Counter of audit events generated and sent to the audit backend.",
  )
  const errors = metrics?.counter(
    "apiserver_audit_error_total",
    "Counter of audit events that failed to be audited properly.",
  )
  return {
    policy,
    sink: {
      write(line) {
        events?.add()
        if (!written.write(line)) errors?.add({ plugin: "log" })
      },
    },
  }
}

async function readPolicy(file: string) {
  try {
    return parseAuditPolicy(await readFile(file, "utf8"))
  } catch (error) {
    throw new CommandError(`Cannot use audit policy ${file}`, { cause: error })
  }
}
