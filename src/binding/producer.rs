use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{
    Buffer, BufferSlice, Either, Env, Float64ArraySlice, Function, Int32ArraySlice, Object, Unknown,
};
use napi::threadsafe_function::{ThreadsafeCallContext, ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;

use super::error::{NativeError, NativeLog, closed};
use super::metrics::NativeMetrics;
use super::notices::Notices;
use super::reply::{NativeToken, answers, connect, failure, promise, set_token};
use crate::core::error::CoreError;
use crate::core::producer::{CallResult, PackedRecords, Producer, ProducerEvents};

/// A record that failed, by its index in the call.
#[napi(object)]
pub struct NativeFailure {
    pub index: u32,
    pub error: NativeError,
}

/// One of: a call that is settled, an error, a log line.
#[napi(object)]
pub struct NativeProducerEvent {
    /// The number that `produce` was given.
    pub call: Option<u32>,
    /// For each record offset (f64), for each timestamp (f64), for each partition (i32).
    pub results: Option<Buffer>,
    pub failures: Option<Vec<NativeFailure>>,
    pub error: Option<NativeError>,
    pub log: Option<NativeLog>,
}

impl NativeProducerEvent {
    const NOTHING: Self = Self {
        call: None,
        results: None,
        failures: None,
        error: None,
        log: None,
    };
}

/// What a close left behind.
#[napi(object)]
pub struct NativeProducerReport {
    pub undelivered: u32,
}

type EventFunction =
    ThreadsafeFunction<NativeProducerEvent, Unknown<'static>, NativeProducerEvent, Status, false, true>;

struct Events {
    function: EventFunction,
    notices: Notices,
}

impl Events {
    fn send(&self, event: NativeProducerEvent) {
        // bounded by what is in flight; a loop that is gone takes nothing any more
        self.function.call(event, ThreadsafeFunctionCallMode::NonBlocking);
    }

    fn send_log(&self, log: NativeLog) {
        self.send(NativeProducerEvent {
            log: Some(log),
            ..NativeProducerEvent::NOTHING
        });
    }
}

impl ProducerEvents for Events {
    fn delivered(&self, result: CallResult) {
        self.send(NativeProducerEvent {
            call: Some(result.call),
            results: Some(pack(&result).into()),
            failures: (!result.failures.is_empty()).then(|| {
                result
                    .failures
                    .into_iter()
                    .map(|(index, error)| NativeFailure {
                        index: u32::try_from(index).unwrap_or(u32::MAX),
                        error: error.into(),
                    })
                    .collect()
            }),
            ..NativeProducerEvent::NOTHING
        });
    }

    fn error(&self, error: CoreError) {
        let send = |error: CoreError| {
            self.send(NativeProducerEvent {
                error: Some(error.into()),
                ..NativeProducerEvent::NOTHING
            });
        };
        self.notices
            .admit(error.fatal, |line| self.send_log(line), || send(error));
    }

    fn log(&self, level: i32, text: String) {
        let log = NativeLog { level, text };
        self.notices
            .admit(false, |line| self.send_log(line), || self.send_log(log));
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript checks for safe integers")]
fn pack(result: &CallResult) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(result.offsets.len() * 20);
    for number in result.offsets.iter().chain(&result.timestamps) {
        bytes.extend_from_slice(&(*number as f64).to_ne_bytes());
    }
    for partition in &result.partitions {
        bytes.extend_from_slice(&partition.to_ne_bytes());
    }
    bytes
}

/// The producer of a service.
#[napi]
pub struct NativeProducer {
    producer: Option<Producer>,
}

/// Starts a producer, or says what is wrong with its properties.
#[napi(catch_unwind)]
pub fn start_producer(
    properties: HashMap<String, String>,
    metrics: Option<&NativeMetrics>,
    on_event: Function<NativeProducerEvent, Unknown<'static>>,
) -> Result<Either<NativeProducer, NativeError>> {
    let notices = Notices::default();
    let taken = notices.clone();
    let function: EventFunction = on_event
        .build_threadsafe_function()
        .weak::<true>()
        .build_callback(move |context: ThreadsafeCallContext<NativeProducerEvent>| {
            if context.value.error.is_some() || context.value.log.is_some() {
                taken.taken();
            }
            Ok(context.value)
        })?;
    let properties: BTreeMap<_, _> = properties.into_iter().collect();
    Ok(
        match Producer::start(
            &properties,
            metrics.map(NativeMetrics::all),
            Arc::new(Events { function, notices }),
        ) {
            Ok(producer) => Either::A(NativeProducer {
                producer: Some(producer),
            }),
            Err(error) => Either::B(error.into()),
        },
    )
}

#[napi]
impl NativeProducer {
    fn open(&self) -> Result<&Producer> {
        self.producer.as_ref().ok_or_else(closed)
    }

    /// Waits until a broker answers.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn connect<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        connect(env, self.open()?.connector(), timeout_ms)
    }

    /// Gives it a token to log in with by OAUTHBEARER, from now on.
    #[napi(catch_unwind)]
    pub fn set_token(&self, token: NativeToken) -> Result<Option<NativeError>> {
        Ok(set_token(&self.open()?.connector(), token))
    }

    /// Whether a broker answers now.
    #[napi(catch_unwind, ts_return_type = "Promise<boolean>")]
    pub fn answers<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        answers(env, self.open()?.connector(), timeout_ms)
    }

    /// The index of a topic for packed records.
    #[napi(catch_unwind)]
    pub fn topic_index(&self, topic: String) -> Result<Either<u32, NativeError>> {
        Ok(match self.open()?.topic_index(&topic) {
            Ok(index) => Either::A(u32::try_from(index).unwrap_or(u32::MAX)),
            Err(error) => Either::B(error.into()),
        })
    }

    /// Queues packed records; `call` comes back in an event once all are settled.
    #[napi(catch_unwind)]
    pub fn produce(
        &self,
        call: u32,
        arena: BufferSlice<'_>,
        rows: Int32ArraySlice<'_>,
        timestamps: Option<Float64ArraySlice<'_>>,
    ) -> Result<Option<NativeError>> {
        let records = PackedRecords {
            arena: &arena,
            rows: &rows,
            timestamps: timestamps.as_deref().unwrap_or_default(),
        };
        Ok(failure(self.open()?.produce(call, records)))
    }

    /// Flushes and closes, at the latest at the timeout.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeProducerReport>")]
    pub fn close<'env>(&mut self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        let producer = self.producer.take().ok_or_else(closed)?;
        let (settle, promise) = promise(env)?;
        let timeout = Duration::from_millis(timeout_ms.into());
        let reply = move |report: crate::core::producer::ProducerReport| {
            settle(NativeProducerReport {
                undelivered: u32::try_from(report.undelivered).unwrap_or(u32::MAX),
            });
        };
        producer.close(timeout, Box::new(reply));
        Ok(promise)
    }
}
