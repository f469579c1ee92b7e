/**
 * The lines of a stream, without their ends: `\n`, or `\r\n`. They are bytes: values need not be text. Node's readline also
 * ends lines at U+2028 and at a lone `\r`, which are in values.
 */
export async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer[] = []
  for await (const chunk of input) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield lineOf([...rest, chunk.subarray(from, at)])
      rest = []
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield lineOf(rest)
}

function lineOf(pieces: readonly Buffer[]): Buffer {
  const line = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  return line.at(-1) === 13 ? line.subarray(0, -1) : line
}
