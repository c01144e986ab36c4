/**
 * Asks again until `check` passes: for what another process or a timer brings about.
 *
 * @param check  throws (an assertion) while it is not so yet
 * @throws the last failure when it is still not so after `withinMs`
 */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = 20_000): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
