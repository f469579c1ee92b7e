import { type Command, Option } from 'commander'
import { escapeControls } from '../escape.ts'

/** How a command that tells rows prints them. */
export interface OutputFlags {
  output: 'table' | 'json'
}

/** What a column has of a row; on a terminal in the colour of this number (SGR), if any. */
export type Cell = string | number | { readonly text: string; readonly colour: number | undefined }

type Columns<Row> = Readonly<Record<string, (row: Row) => Cell>>

/** Adds `-o`. */
export function withOutput(command: Command): Command {
  const option = new Option('-o, --output <form>', 'table, or json: a line for each row')
  return command.addOption(option.choices(['table', 'json']).default('table'))
}

/**
 * Prints rows on stdout: as a table of these columns, or each as a line of JSON with all that it has. The columns of rows
 * are by their titles; numbers stand at the right.
 */
export function printRows<Row extends object>(
  { output }: OutputFlags,
  rows: readonly Row[],
  columns: Columns<Row>,
): void {
  const lines = output === 'json' ? rows.map(jsonLine) : tableOf(rows, columns)
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

function tableOf<Row>(rows: readonly Row[], columns: Columns<Row>): string[] {
  const titles = Object.keys(columns)
  const cells = rows.map((row) => Object.values(columns).map((cell) => cell(row)))
  const texts = cells.map((line) => line.map(textOf))
  const widths = titles.map((title, at) => Math.max(title.length, ...texts.map((line) => line[at]?.length ?? 0)))
  const isNumeric = titles.map((_, at) => cells.length > 0 && cells.every((line) => typeof line[at] === 'number'))
  const lineOf = (line: readonly string[], row: readonly Cell[] = []) => {
    const padded = line.map((text, at) => {
      const padding = ' '.repeat((widths[at] ?? 0) - text.length)
      return isNumeric[at] ? `${padding}${text}` : `${coloured(text, row[at])}${padding}`
    })
    return padded.join('  ').trimEnd()
  }
  const header = lineOf(titles)
  const lines = texts.map((line, index) => lineOf(line, cells[index]))
  return [process.stdout.isTTY ? `\x1b[1m${header}\x1b[22m` : header, ...lines]
}

/** Names and messages come from records and other clients, which are not to command a terminal. */
function textOf(cell: Cell): string {
  return escapeControls(typeof cell === 'object' ? cell.text : String(cell))
}

function coloured(text: string, cell: Cell | undefined): string {
  if (typeof cell !== 'object' || cell.colour === undefined || !process.stdout.isTTY) return text
  return `\x1b[${cell.colour}m${text}\x1b[39m`
}

/** `1 letter`, `2 letters`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** What a program reads as one line. Its control characters are escapes, as a terminal would obey those beyond ASCII too. */
export function jsonLine(value: object): string {
  return escapeControls(JSON.stringify(value))
}

/** Adds `--execute`, without which a command that changes something prints what it would do. */
export function withExecute(command: Command): Command {
  return command.option('--execute', 'do it; without this the plan is printed, and nothing changed')
}

/** Prints what a command changes or, without `--execute`, would change. */
export function printChanges<Row extends object>(
  flags: OutputFlags & { execute?: boolean },
  rows: readonly Row[],
  columns: Columns<Row>,
): void {
  const executed = flags.execute ?? false
  printRows(
    flags,
    rows.map((row) => ({ ...row, executed })),
    columns,
  )
  if (!executed) tellPlanOnly()
}

/** Says that a plan was all. */
export function tellPlanOnly(): void {
  process.stderr.write('narad: nothing was changed; --execute does it\n')
}
