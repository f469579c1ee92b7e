import { type Command, Option } from 'commander'

/** How a command that tells rows prints them. */
export interface OutputFlags {
  output: 'table' | 'json'
}

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
  columns: Readonly<Record<string, (row: Row) => string | number>>,
): void {
  const lines = output === 'json' ? rows.map((row) => JSON.stringify(row)) : tableOf(rows, columns)
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

function tableOf<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string | number>>,
): string[] {
  const titles = Object.keys(columns)
  const cells = rows.map((row) => Object.values(columns).map((cell) => cell(row)))
  const widths = titles.map((title, at) => Math.max(title.length, ...cells.map((line) => String(line[at]).length)))
  const isNumeric = titles.map((_, at) => cells.length > 0 && cells.every((line) => typeof line[at] === 'number'))
  const lineOf = (line: ReadonlyArray<string | number>) => {
    const padded = line.map((cell, at) =>
      isNumeric[at] ? String(cell).padStart(widths[at] ?? 0) : String(cell).padEnd(widths[at] ?? 0),
    )
    return padded.join('  ').trimEnd()
  }
  const header = lineOf(titles)
  return [process.stdout.isTTY ? `\x1b[1m${header}\x1b[22m` : header, ...cells.map(lineOf)]
}

/** Adds `--execute`, without which a command that changes something prints what it would do. */
export function withExecute(command: Command): Command {
  return command.option('--execute', 'do it; without this the plan is printed, and nothing changed')
}

/** Prints what a command changes or, without `--execute`, would change. */
export function printChanges<Row extends object>(
  flags: OutputFlags & { execute?: boolean },
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string | number>>,
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
