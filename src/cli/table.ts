/**
 * Columns as kubectl prints them: upper-case heads, three spaces between, no trailing blanks.
 *
 * @param rows  one array of cells a row, as long as `heads`
 */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] ?? "").length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i]! + 3)))
      .join("")
      .trimEnd()
  return [heads.map((h) => h.toUpperCase()), ...rows].map(line).join("\n") + "\n"
}

/** An age as kubectl prints it: `42s`, `5m10s`, `3h`, `2d4h`. Source: apimachinery duration.HumanDuration. */
export function formatAge(fromMs: number | undefined, nowMs: number): string {
  if (fromMs === undefined) return "<unknown>"
  const seconds = Math.floor((nowMs - fromMs) / 1000)
  if (seconds < -1) return "<invalid>"
  if (seconds < 0) return "0s"
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  if (years < 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`
  return `${years}y`
}
