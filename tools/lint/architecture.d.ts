export const LAYERS: Readonly<Record<string, readonly string[]>>
export function judgeImport(from: string, specifier: string): string | undefined
