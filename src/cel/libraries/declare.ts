// What libraries declare their functions with.
import { listType } from "#cel/types/type.ts"

export {
  A,
  B,
  declare,
  declareOne,
  K,
  member,
  overload,
  T,
  V,
  type Call,
  type FunctionDeclaration,
  type Overload,
} from "#cel/types/declarations.ts"
export const listOf = listType
