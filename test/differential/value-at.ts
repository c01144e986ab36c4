/** The value at a path of names and indices between dots. A name with dots in it is written with colons instead. */
export function valueAt(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name.replaceAll(":", ".")], value)
}
