import type { DefaultRules } from "#apiserver/builtin/typed-form.ts"
import { POD_DEFAULTS } from "./pod.ts"
import { OTHER_DEFAULTS } from "./rest.ts"
import { WORKLOAD_DEFAULTS } from "./workloads.ts"

export const DEFAULT_RULES: DefaultRules = new Map([...POD_DEFAULTS, ...WORKLOAD_DEFAULTS, ...OTHER_DEFAULTS])
