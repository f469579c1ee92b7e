/** Addresses of embedded brokers that other processes run, as `embedded://host:port` in a configuration says. */
const addresses = new Set<string>()

export function addEmbeddedElsewhere(address: string): void {
  addresses.add(address)
}

/** Whether a list of addresses leads to an embedded broker of another process. */
export function isEmbeddedElsewhere(bootstrap: string): boolean {
  return bootstrap.split(',').some((address) => addresses.has(address))
}
