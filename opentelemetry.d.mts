// Generated from lib/ by `npm run generate`. Do not edit.
export * from './opentelemetry.js'
