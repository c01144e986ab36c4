// Many small disturbances, drawn from a seed: what people asked for is there in the end.
import { test } from "node:test"
import { tellWeather } from "./weather-scene.ts"

for (const seed of [1, 2, 3]) {
  test(`simulation: what was asked for is there after an hour of bad weather, seed ${seed}`, async () => {
    await tellWeather(seed)
  })
}
