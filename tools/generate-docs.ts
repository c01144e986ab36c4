// `npm run generate:docs`: writes docs/CLI.md from the commands.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { cliDocs } from "./cli-docs.ts"

writeFileSync(join(import.meta.dirname, "../docs/CLI.md"), cliDocs())
