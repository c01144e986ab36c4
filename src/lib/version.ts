/** Hawser's version: package.json's, as test/tidy/version.test.ts makes sure; also right inside a bundle. */
export const VERSION = "0.1.0"
