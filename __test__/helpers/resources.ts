import { readdirSync, readFileSync } from 'node:fs'

export interface Resources {
  threads: number
  descriptors: number
  rssBytes: number
  peakRssBytes: number
}

/** For the `skip` option of tests. */
export const resourcesSkip: string | false = process.platform === 'linux' ? false : 'there is no /proc to read'

/** What a process holds now. Linux only. */
export function resources(pid: number = process.pid): Resources {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => {
    const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)
    if (!found) throw new Error(`/proc/${pid}/status has no ${name}`)
    return Number(found[1])
  }
  return {
    threads: field('Threads'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    rssBytes: field('VmRSS') * 1024,
    peakRssBytes: field('VmHWM') * 1024,
  }
}
