import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { escapeForLog } from '../escape.ts'

/**
 * A validator as [Standard Schema](https://standardschema.dev) version 1 says it; zod, valibot, arktype and others are.
 * The specification advises to copy its types.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a validator found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What is wrong, and where. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** What is wrong with a value, or else what the schema has made of it. */
export type Checked = { value?: unknown; issues?: readonly SchemaIssue[] | undefined }

const MOST_ISSUES = 10
const MAX_PATH = 100
/** A name out of a validator's own vocabulary, such as `invalid_type`. */
const KIND = /^[a-z][a-z\d_]{0,39}$/i

/**
 * @param where What needs the schema, for the error.
 * @throws {@link ArgumentError} for what is no schema.
 */
export function checkerOf(schema: StandardSchema, where: string): (value: unknown) => Promise<Checked> {
  const standard: Partial<StandardSchema['~standard']> | undefined = schema?.['~standard']
  const { validate: check } = standard ?? {}
  if (typeof check === 'function') return async (value) => await check.call(standard, value)
  throw new ArgumentError(
    `${where} needs a validator that implements Standard Schema, such as one of zod, but got ${describeValue(schema)}.`,
  )
}

/**
 * Where a value does not fit, as text. Messages of issues are left out: many show the value.
 */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, MOST_ISSUES).map((issue) => `${pathOf(issue)}${kindOf(issue)}`)
  const more = issues.length - shown.length
  return `${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

function pathOf({ path = [] }: SchemaIssue): string {
  if (path.length === 0) return 'the value itself'
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment))
  return escapeForLog(keys.join('.'), MAX_PATH)
}

/** zod and arktype call it `code`, valibot `type`. */
function kindOf(issue: SchemaIssue): string {
  const { code, type } = issue as { code?: unknown; type?: unknown }
  const kind = [code, type].find((name) => typeof name === 'string' && KIND.test(name))
  return kind === undefined ? '' : ` (${kind})`
}
