use napi_derive::napi;

use crate::core::error::{CoreError, ErrorCode};

/// The fields of an error of the core; `lib/errors.ts` makes the class of them.
#[napi(object)]
pub struct NativeError {
    /// `NARAD_…`
    pub code: String,
    pub message: String,
    /// librdkafka's name of the cause.
    pub kafka_code: Option<String>,
    pub retriable: bool,
    pub fatal: bool,
    /// A failed send whose record may be in the log.
    pub maybe_in_log: bool,
    pub topic: Option<String>,
    pub partition: Option<i32>,
}

impl From<CoreError> for NativeError {
    fn from(error: CoreError) -> Self {
        Self {
            code: error.code.as_str().to_owned(),
            message: error.message,
            kafka_code: error.kafka_code.map(str::to_owned),
            retriable: error.retriable,
            fatal: error.fatal,
            maybe_in_log: error.maybe_in_log,
            topic: error.topic,
            partition: error.partition,
        }
    }
}

/// A line of librdkafka's log.
#[napi(object)]
pub struct NativeLog {
    /// Syslog level: 0 is an emergency, 7 is debug.
    pub level: i32,
    pub text: String,
}

/// Every code that the core can raise, for the table test.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<String> {
    ErrorCode::ALL
        .iter()
        .map(|code| code.as_str().to_owned())
        .collect()
}

/// What is thrown when a closed object is used, which the layer above never does.
pub fn closed() -> napi::Error {
    napi::Error::from_reason("the native client is closed")
}
