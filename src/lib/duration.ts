/** @returns milliseconds of a text such as `90s`, `15m` or `1h30m`; undefined for any other */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text)
  if (match === null || text === "") return undefined
  const [, hours = "0", minutes = "0", seconds = "0"] = match
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
}
