import { execFileSync } from "node:child_process"
import { tmpdir } from "node:os"

/**
 * Where a module lies on this machine; downloaded when it is not there yet.
 * @param module  `k8s.io/api@v0.35.4`
 * @throws Error when Go is missing or the module can't be downloaded
 */
export function moduleDirectory(module: string): string {
  let answer: string
  try {
    answer = execFileSync("go", ["mod", "download", "-json", module], { cwd: tmpdir(), encoding: "utf8" })
  } catch (error) {
    throw new Error(`Cannot download Go module ${module}: want Go on PATH and its module proxy`, { cause: error })
  }
  return (JSON.parse(answer) as { Dir: string }).Dir
}
