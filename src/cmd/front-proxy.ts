// Which proxies are believed, as flags say.
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import type { FrontProxyOptions } from "#apiserver/authentication/front-proxy.ts"
import type { AuthenticationFlags } from "#cli/roots.ts"
import { CommandError } from "#cli/terminal.ts"
import { certificateChainOf } from "#lib/x509/certificate.ts"

/** @param cwd  what files are relative to. @returns undefined when no authority of proxies is named. @throws CommandError */
export async function readFrontProxy(cwd: string, flags: AuthenticationFlags): Promise<FrontProxyOptions | undefined> {
  if (flags.requestheaderClientCaFile === undefined) return undefined
  return {
    clientCa: await readAuthorities(resolve(cwd, flags.requestheaderClientCaFile)),
    allowedNames: flags.requestheaderAllowedNames,
    usernameHeaders: names(flags.requestheaderUsernameHeaders),
    uidHeaders: names(flags.requestheaderUidHeaders),
    groupHeaders: names(flags.requestheaderGroupHeaders),
    extraHeaderPrefixes: names(flags.requestheaderExtraHeadersPrefix),
  }
}

const names = (text: string) => text.split(",").map((name) => name.trim().toLowerCase()).filter((name) => name !== "") // prettier-ignore

async function readAuthorities(file: string): Promise<string> {
  try {
    const text = await readFile(file, "utf8")
    if (certificateChainOf(text).length === 0) throw new Error("no CERTIFICATE block in the PEM text")
    return text
  } catch (error) {
    throw new CommandError(`Cannot use ${file}`, { cause: error })
  }
}
