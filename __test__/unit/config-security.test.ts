import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { clientProperties } from '../../lib/config/properties.ts'
import { resolveConfig } from '../../lib/config/resolve.ts'
import { systemAuthorities } from '../../lib/config/system-authorities.ts'
import type { KafkaConfig } from '../../lib/config/types.ts'
import { ConfigError } from '../../lib/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'narad-security-'))
after(() => rmSync(folder, { recursive: true }))

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const KEY = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n'
const file = (name: string, text = PEM) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** The properties of TLS and SASL. */
function security(input: KafkaConfig, env: Record<string, string> = {}) {
  const all = Object.entries(clientProperties(resolveConfig(input, env)))
  return Object.fromEntries(all.filter(([name]) => /^(ssl|sasl|security|enable\.ssl)\./.test(name)))
}

function fails(input: unknown, message: RegExp, env: Record<string, string> = {}): void {
  assert.throws(
    () => resolveConfig(input as KafkaConfig, env),
    (error) => {
      assert.ok(error instanceof ConfigError, String(error))
      assert.match(error.message, message)
      assert.ok(!error.message.includes('hunter2'))
      return true
    },
  )
}

test('without TLS and SASL the protocol is plaintext', () => {
  assert.deepEqual(security({}), { 'security.protocol': 'plaintext' })
  assert.deepEqual(security({ ssl: false, sasl: false }, { KAFKA_SSL: 'true', KAFKA_SASL_USERNAME: 'u' }), {
    'security.protocol': 'plaintext',
  })
})

test('TLS alone looks for the certificates of the system and checks the broker', () => {
  const expected = {
    'security.protocol': 'ssl',
    'ssl.ca.location': systemAuthorities().location,
    ...(systemAuthorities().pem && { 'ssl.ca.pem': systemAuthorities().pem }),
    'enable.ssl.certificate.verification': 'true',
  }
  assert.deepEqual(security({ ssl: true }), expected)
  assert.deepEqual(security({ ssl: {} }), expected)
  assert.deepEqual(security({}, { KAFKA_SSL: 'Yes' }), expected)
})

// What the variables say was not looked at, though other programs on the machine go by them, and in a container without
// certificates nothing was trusted.
test('the authorities of the system are those that the variables tell of, that it has, or that Node comes with', () => {
  const [system, told] = [file('system.pem'), file('told.pem')]
  const [empty, junk] = [file('empty.pem', ''), file('junk.pem', 'no certificate')]
  const extra = file('extra.pem', `# ours\n${PEM}`)
  const missing = join(folder, 'missing.pem')
  const places = [missing, empty, system]
  assert.deepEqual(systemAuthorities({}, places), { location: system })
  assert.deepEqual(systemAuthorities({ SSL_CERT_FILE: told }, places), { location: told })
  assert.deepEqual(systemAuthorities({ SSL_CERT_FILE: '', SSL_CERT_DIR: `${missing}:${folder}` }, places), {
    location: folder,
  })
  for (const unusable of [missing, empty, junk]) {
    const env = { SSL_CERT_FILE: unusable, NODE_EXTRA_CA_CERTS: unusable }
    assert.deepEqual(systemAuthorities(env, places), { location: system })
  }
  assert.deepEqual(systemAuthorities({ NODE_EXTRA_CA_CERTS: extra }, places), {
    location: system,
    pem: `# ours\n${PEM}`,
  })
  const { location, pem = '' } = systemAuthorities({ NODE_EXTRA_CA_CERTS: extra }, [missing])
  assert.equal(location, undefined)
  assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, rootCertificates.length + 1)
})

test('certificates and keys are given as paths or as text, in options and variables', () => {
  const ca = file('ca.pem')
  const cert = file('cert.pem')
  const key = file('key.pem', KEY)
  const byPath = { 'ssl.ca.location': ca, 'ssl.certificate.location': cert, 'ssl.key.location': key }
  const byText = { 'ssl.ca.pem': PEM, 'ssl.certificate.pem': PEM, 'ssl.key.pem': KEY }
  const rest = { 'security.protocol': 'ssl', 'enable.ssl.certificate.verification': 'true' }
  assert.deepEqual(security({ ssl: { ca, cert, key } }), { ...rest, ...byPath })
  assert.deepEqual(security({}, { KAFKA_SSL_CA: ca, KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key }), { ...rest, ...byPath })
  assert.deepEqual(security({ ssl: { ca: Buffer.from(PEM), cert: PEM, key: KEY } }), { ...rest, ...byText })
  const folded = { KAFKA_SSL_CA: PEM, KAFKA_SSL_CERT: PEM, KAFKA_SSL_KEY: KEY.replaceAll('\n', '\\n') }
  assert.deepEqual(security({}, folded), { ...rest, ...byText })
})

test('fields of ssl that are not given come from their variables', () => {
  const properties = security({ ssl: { rejectUnauthorized: false } }, { KAFKA_SSL_CA: PEM })
  assert.deepEqual(properties, {
    'security.protocol': 'ssl',
    'ssl.ca.pem': PEM,
    'enable.ssl.certificate.verification': 'false',
  })
})

test('several authorities are joined, and a directory of them is a path', () => {
  assert.equal(
    security({ ssl: { ca: [PEM, Buffer.from(PEM), file('third.pem')] } })['ssl.ca.pem'],
    `${PEM}\n${PEM}\n${PEM}`,
  )
  assert.equal(security({ ssl: { ca: folder } })['ssl.ca.location'], folder)
})

test('a certificate authority in a variable turns TLS on unless KAFKA_SSL says no', () => {
  // A plaintext connection although certificates were configured sent the password in clear.
  assert.equal(security({}, { KAFKA_SSL_CA: PEM })['security.protocol'], 'ssl')
  assert.equal(security({}, { KAFKA_SSL_CA: PEM, KAFKA_SSL: 'false' })['security.protocol'], 'plaintext')
})

test('a file that cannot be read is an error that names it', () => {
  const missing = join(folder, 'missing.pem')
  fails({ ssl: { ca: missing } }, /Option "ssl.ca" cannot be read from the file ".*missing.pem": ENOENT/)
  fails({}, /variable KAFKA_SSL_CERT cannot be read from the file ".*missing.pem": ENOENT/, {
    KAFKA_SSL_CERT: missing,
    KAFKA_SSL_KEY: KEY,
  })
  fails({ ssl: { cert: folder, key: KEY } }, /"ssl.cert" cannot be read from the file ".*": not a file/)
  fails({ ssl: { ca: [PEM, missing] } }, /Option "ssl.ca"\[1\] cannot be read/)
})

test('a key that lost its first line is not taken for a path and shown', () => {
  fails({ ssl: { cert: PEM, key: `MIIEhunter2${'A'.repeat(40)}/x+` } }, /not shown, it does not look like a path/)
})

test('a certificate without its key, the reverse, and a lone passphrase are errors', () => {
  fails({ ssl: { cert: PEM } }, /Option "ssl.cert" needs its counterpart/)
  fails({}, /KAFKA_SSL_KEY needs its counterpart/, { KAFKA_SSL_KEY: KEY })
  fails({ ssl: { passphrase: 'hunter2' } }, /"ssl.passphrase" is given, but there is no ssl.key/)
  assert.equal(security({ ssl: { cert: PEM, key: KEY, passphrase: 'p' } })['ssl.key.password'], 'p')
})

test('wrong types in ssl are errors that show no value', () => {
  for (const value of [5, '', {}, null, ['']]) fails({ ssl: { ca: value } }, /must be a path or PEM text/)
  fails({ ssl: { ca: [] } }, /must name at least one certificate/)
  fails({ ssl: { rejectUnauthorized: 'no' } }, /"ssl.rejectUnauthorized" must be true or false/)
})

test('SASL mechanisms are taken in any letter case', () => {
  const credentials = { username: 'u', password: 'p' }
  for (const mechanism of ['SCRAM-SHA-256', 'scram-sha-256', 'Scram-Sha-256'] as 'scram-sha-256'[]) {
    assert.deepEqual(security({ sasl: { mechanism, ...credentials } }), {
      'security.protocol': 'sasl_plaintext',
      'sasl.mechanism': 'SCRAM-SHA-256',
      'sasl.username': 'u',
      'sasl.password': 'p',
    })
  }
  fails({ sasl: { mechanism: 'GSSAPI', ...credentials } }, /must be one of "plain", "scram-sha-256"/)
})

test('user name and password turn SASL on, with the mechanism plain unless said otherwise', () => {
  const env = { KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: ' p ' }
  const properties = security({ ssl: true }, env)
  assert.equal(properties['security.protocol'], 'sasl_ssl')
  assert.equal(properties['sasl.mechanism'], 'PLAIN')
  // Spaces may belong to a password.
  assert.equal(properties['sasl.password'], ' p ')
  assert.equal(security({ sasl: { username: 'other' } }, env)['sasl.username'], 'other')
})

test('a mechanism without its user name or password is an error that names the variables', () => {
  fails({}, /plain needs a user name .*KAFKA_SASL_USERNAME.* and a password .*KAFKA_SASL_PASSWORD/, {
    KAFKA_SASL_MECHANISM: 'plain',
  })
  fails({ sasl: {} }, /needs a user name/)
  fails({ sasl: { username: 'u' } }, /needs a password \(sasl.password or KAFKA_SASL_PASSWORD\)\./)
  fails({ sasl: { mechanism: 'scram-sha-512', password: 'hunter2' } }, /scram-sha-512 needs a user name/)
  fails({ sasl: { username: 'u', password: 5 } }, /"sasl.password" must be a string, but is a number \(not shown\)/)
  fails({ sasl: { username: 'u', password: 'hunter2\0' } }, /must not hold control characters/)
})

test('oauthbearer takes a function that gives tokens, or properties, and no user name and password', () => {
  const token = () => ({ value: 'hunter2' })
  assert.deepEqual(security({ sasl: { mechanism: 'oauthbearer', token } }), {
    'security.protocol': 'sasl_plaintext',
    'sasl.mechanism': 'OAUTHBEARER',
  })
  const librdkafka = { 'sasl.oauthbearer.method': 'oidc' }
  assert.equal(security({ sasl: { mechanism: 'oauthbearer' }, librdkafka })['sasl.oauthbearer.method'], 'oidc')
  fails({ sasl: { mechanism: 'oauthbearer' } }, /needs sasl\.token, a function that gives tokens/)
  fails({ sasl: { mechanism: 'oauthbearer', token: 'hunter2' } }, /"sasl\.token" must be a function/)
  const plain = { mechanism: 'plain', username: 'me', password: 'hunter2' }
  fails({ sasl: { ...plain, token } }, /"sasl\.token" is given, but it is for the mechanism oauthbearer alone/)
  fails({ sasl: { mechanism: 'oauthbearer', password: 'hunter2' } }, /takes no user name and password/)
})
