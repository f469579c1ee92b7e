// @ts-check
/** What users can import: `narad` and `narad/…`, each of the file of that name in lib/. */
export const ENTRIES = ['index', 'testing', 'express', 'fastify', 'opentelemetry', 'prometheus']
