import { InvalidArgumentError, type Command } from "commander"
import { parseDurationMs } from "#lib/duration.ts"
import type { AuditFlags, ServingOptions } from "./roots.ts"

/** For commander: an integer within bounds. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`want an integer from ${min} to ${max}.`)
    return value
  }
}

/** For commander: a duration such as `90s`, `15m` or `1h30m`, within bounds. @returns seconds */
export function duration(minSeconds: number, maxSeconds: number): (text: string) => number {
  return (text) => {
    const value = (parseDurationMs(text) ?? -1000) / 1000
    if (value < minSeconds || value > maxSeconds)
      throw new InvalidArgumentError(`want a duration such as 15m, from ${minSeconds}s to ${maxSeconds}s.`)
    return value
  }
}

/** For commander: a repeated option, each value also a comma-separated list. */
export function list(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(",").filter((part) => part !== "")]
}

/** Adds the options of everything that listens. */
export function withServingOptions(command: Command): Command {
  return command
    .option("--bind-address <ip>", "address to listen on; 0.0.0.0 lets other machines in", "127.0.0.1")
    .option("--advertise-address <host>", "host that kubeconfigs and join lines name (default: the bind address)")
    .option("--port <port>", "port to listen on (default: a free one, kept for the next start)", integer(1, 65535))
    .option("--tls-san <name>", "further name or address in the serving certificate; may be repeated", list, [])
    .option("--encryption-provider-config <file>", "EncryptionConfiguration for stored values (default: not encrypted)")
}

type Parsed = {
  bindAddress: string
  advertiseAddress?: string
  port?: number
  tlsSan: readonly string[]
  encryptionProviderConfig?: string
}

/** The serving part of parsed options. */
export function servingOptions(parsed: Parsed): ServingOptions {
  return {
    bindAddress: parsed.bindAddress,
    tlsSan: parsed.tlsSan,
    ...(parsed.advertiseAddress === undefined ? {} : { advertiseAddress: parsed.advertiseAddress }),
    ...(parsed.port === undefined ? {} : { port: parsed.port }),
    ...(parsed.encryptionProviderConfig === undefined
      ? {}
      : { encryptionProviderConfig: parsed.encryptionProviderConfig }),
  }
}

export function withAuditFlags(command: Command): Command {
  return command
    .option("--audit-policy <file>", "what the audit log records: a policy of audit.k8s.io/v1 (default: no audit log)")
    .option("--audit-log <file>", "file of the audit log, a line of JSON for each event (default: DIR/audit.log)")
    .option("--audit-log-max-size <MB>", "size at which the audit log is put aside", integer(1, 100_000), 100)
    .option("--audit-log-max-backups <n>", "audit logs that are kept when they were put aside", integer(0, 10_000), 10)
    .option("--audit-log-max-age <days>", "days that they are kept; 0 is for ever", integer(0, 100_000), 0)
}

type ParsedAudit = {
  auditPolicy?: string
  auditLog?: string
  auditLogMaxSize: number
  auditLogMaxBackups: number
  auditLogMaxAge: number
}

/** The audit part of parsed options. */
export function auditFlags(parsed: ParsedAudit): AuditFlags {
  return {
    ...(parsed.auditPolicy === undefined ? {} : { auditPolicy: parsed.auditPolicy }),
    ...(parsed.auditLog === undefined ? {} : { auditLog: parsed.auditLog }),
    auditLogMaxMegabytes: parsed.auditLogMaxSize,
    auditLogMaxBackups: parsed.auditLogMaxBackups,
    auditLogMaxDays: parsed.auditLogMaxAge,
  }
}

/** Adds where a process serves its health and metrics. */
export function withMetricsAddress(command: Command): Command {
  return command.option(
    "--metrics-bind-address <address>",
    "HOST:PORT or :PORT of /metrics, /livez, /readyz and /healthz, over HTTP; port 0 is a free one, which the log names; 0 alone turns them off",
    METRICS_ADDRESS_DEFAULT,
  )
}

/** Nobody else can reach it, and two processes on one machine are not in each other's way. */
export const METRICS_ADDRESS_DEFAULT = "127.0.0.1:0"
