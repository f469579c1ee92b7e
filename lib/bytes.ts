/** The same bytes as a Buffer, without a copy. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The text as UTF-8, cut after the last whole character that fits. */
export function utf8(text: string, mostBytes: number): Buffer {
  // no character has fewer bytes than units, and half of a pair at the end lies behind the cut
  const bytes = Buffer.from(text.slice(0, mostBytes))
  if (bytes.length <= mostBytes) return bytes
  let end = mostBytes
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end)
}
