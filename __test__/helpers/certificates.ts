// Certificates for tests, made by openssl in a folder of their own.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

export interface Issued {
  /** Paths of PEM files. */
  readonly certificate: string
  readonly key: string
  /** Key and certificate in one file, as brokers take them. */
  readonly keystore: string
}

export interface IssueOptions {
  /** The host that the certificate is for. */
  host?: string
  /** Whether it was valid only until yesterday. */
  expired?: boolean
  /** Encrypts the key. */
  passphrase?: string
}

/** An authority that signs certificates. */
export class Authority {
  readonly #folder: string
  readonly #name: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
    const subject = ['-subj', `/CN=${name}`, '-days', '2']
    this.#openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-nodes',
      '-keyout',
      this.#file('key'),
      '-out',
      this.certificate,
      ...subject,
    )
  }

  /** The path of its own certificate. */
  get certificate(): string {
    return this.#file('pem')
  }

  issue(name: string, { host = 'localhost', expired = false, passphrase }: IssueOptions = {}): Issued {
    const file = (extension: string) => join(this.#folder, `${name}.${extension}`)
    const [certificate, key, keystore] = [file('pem'), file('key'), file('keystore.pem')]
    const encryption = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`]
    this.#openssl('req', '-new', ...NEW_KEY, ...encryption, '-keyout', key, '-out', file('csr'), '-subj', `/CN=${name}`)
    writeFileSync(file('extensions'), `subjectAltName=DNS:${host}\n`)
    const signer = ['-CA', this.certificate, '-CAkey', this.#file('key'), '-extfile', file('extensions')]
    this.#openssl('x509', '-req', '-in', file('csr'), ...signer, '-out', certificate, '-days', expired ? '-1' : '2')
    writeFileSync(keystore, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'))
    return { certificate, key, keystore }
  }

  #file(extension: string): string {
    return join(this.#folder, `${this.#name}.${extension}`)
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}
