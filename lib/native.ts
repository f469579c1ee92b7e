import { NativeLoadError } from './errors.ts'

/** The addon's raw API. Nobody but the modules that drive it names it. */
export type NativeModule = typeof import('../native/index.js')
export type {
  NativeAdmin,
  NativeAdminEvent,
  NativeBatch,
  NativeConsumedMetrics,
  NativeConsumer,
  NativeConsumerEvent,
  NativeError,
  NativeGroupInfo,
  NativeGroupMetrics,
  NativeMetrics,
  NativeMove,
  NativePartition,
  NativePosition,
  NativeProducer,
  NativeProducerEvent,
  NativeRange,
  NativeSeekTarget,
  NativeToken,
} from '../native/index.js'

let loaded: NativeModule | undefined

/**
 * The native part, loaded at the first call: importing the package must stay cheap, and a log-only service works
 * where there is none.
 *
 * @throws {@link NativeLoadError} that names what is missing.
 */
export function native(): NativeModule {
  loaded ??= load()
  return loaded
}

function load(): NativeModule {
  try {
    // Beside dist/ as beside lib/.
    return require('../native/index.cjs') as NativeModule
  } catch (cause) {
    throw new NativeLoadError(
      `The native part of narad for ${process.platform}-${process.arch} is not there or does not load. ` +
        `Install narad with its optional dependencies (the package narad-${process.platform}-${process.arch}…); ` +
        'in a checkout, run "npm run build:native". KAFKA_DEV_MODE=log works without it.',
      { cause },
    )
  }
}
