/** Why a database file cannot be used. */
export type DatabaseProblem = "damaged" | "newer" | "foreign" | "in use" | "no key" | "no space" | "failing"

/** A database that cannot be opened, read or written. The message names the file and says why. */
export class DatabaseError extends Error {
  override readonly name: string = "DatabaseError"
  readonly problem: DatabaseProblem
  constructor(problem: DatabaseProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOT_A_DATABASE = 26

/** What an error of SQLite's means for the file. @param code  SQLite's, plain or extended; 0 for none */
export function problemOf(code: number): DatabaseProblem {
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return "in use"
    case SQLITE_CORRUPT:
    case SQLITE_NOT_A_DATABASE:
      return "damaged"
    case SQLITE_FULL:
      return "no space"
    default:
      return "failing"
  }
}

const WORDS: Partial<Record<DatabaseProblem, string>> = {
  "in use": "another process uses it",
  "no space": "there is no space left for it",
}

/** Words a problem: `it is damaged (file is not a database)`. @param detail  SQLite's own text */
export function describeProblem(problem: DatabaseProblem, detail: string): string {
  return WORDS[problem] ?? (problem === "damaged" ? `it is damaged (${detail})` : detail)
}
