// `npm run generate:deploy`: writes deploy/ from the code, for those who install with kubectl, Helm or Argo CD.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { deployFiles } from "./deploy-files.ts"

const folder = join(import.meta.dirname, "../deploy")
const files = deployFiles()
mkdirSync(join(folder, "crds"), { recursive: true })
for (const name of readdirSync(join(folder, "crds"))) {
  if (!files.has(`crds/${name}`)) rmSync(join(folder, "crds", name))
}
for (const [name, text] of files) writeFileSync(join(folder, name), text)
process.stdout.write(`${files.size} files written to deploy/\n`)
