use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Either, Env, Function, Object, ToNapiValue, Uint32ArraySlice, Unknown};
use napi::threadsafe_function::{ThreadsafeCallContext, ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;

use super::error::{NativeError, NativeLog, closed};
use super::metrics::NativeMetrics;
use super::notices::Notices;
use super::questions::{
    NativeNewTopic, NativeRange, NativeReading, NativeSeekPlace, NativeSeekTarget, NativeSubscription,
    NativeTopic,
};
use super::reply::{NativeToken, answers, connect, failure, on_thread, promise, set_token};
use crate::core::admin::{NewTopic, TopicSize};
use crate::core::consumer::{
    Batch, Consumer, ConsumerEvents, ConsumerReport, ConsumerSettings, Outcome, ReadingRange, Rebalance,
    RebalanceKind, SeekPlace, Subscriber,
};
use crate::core::error::{CoreError, Result as CoreResult};

/// Records for a handler; `lib/consumer/batch.ts` reads the block.
#[napi(object)]
pub struct NativeBatch {
    pub subscription: u32,
    pub id: u32,
    pub records: u32,
    pub block: Buffer,
}

/// A partition while it is assigned.
#[napi(object)]
pub struct NativePartition {
    pub slot: u32,
    pub subscription: u32,
    pub topic: String,
    pub partition: i32,
}

/// A change of the assignment.
#[napi(object)]
pub struct NativeRebalance {
    #[napi(ts_type = "'assigned' | 'revoked' | 'lost' | 'ended'")]
    pub kind: String,
    pub partitions: Vec<NativePartition>,
}

/// A partition that goes on somewhere else, in a new slot.
#[napi(object)]
pub struct NativeMove {
    pub from: u32,
    pub to: u32,
}

/// One of: a batch, a rebalance, moves, an error, a log line.
#[napi(object)]
pub struct NativeConsumerEvent {
    pub batch: Option<NativeBatch>,
    pub rebalance: Option<NativeRebalance>,
    pub moved: Option<Vec<NativeMove>>,
    pub error: Option<NativeError>,
    pub log: Option<NativeLog>,
}

impl NativeConsumerEvent {
    const NOTHING: Self = Self {
        batch: None,
        rebalance: None,
        moved: None,
        error: None,
        log: None,
    };
}

/// Tuning of a consumer.
#[napi(object)]
pub struct NativeConsumerSettings {
    pub commit_interval_ms: u32,
    /// Bytes that all consumers of the process may prefetch.
    pub prefetch_bytes: u32,
}

/// What a close left behind.
#[napi(object)]
pub struct NativeConsumerReport {
    pub unfinished: u32,
    pub left_group: bool,
}

type EventFunction =
    ThreadsafeFunction<NativeConsumerEvent, Unknown<'static>, NativeConsumerEvent, Status, false, true>;

struct Events {
    function: EventFunction,
    notices: Notices,
}

impl Events {
    fn send(&self, event: NativeConsumerEvent) {
        // batches are bounded by what may be out; a loop that is gone takes nothing any more
        self.function.call(event, ThreadsafeFunctionCallMode::NonBlocking);
    }

    fn send_log(&self, log: NativeLog) {
        self.send(NativeConsumerEvent {
            log: Some(log),
            ..NativeConsumerEvent::NOTHING
        });
    }
}

impl ConsumerEvents for Events {
    fn batch(&self, batch: Batch) {
        self.send(NativeConsumerEvent {
            batch: Some(NativeBatch {
                subscription: batch.subscription,
                id: batch.id,
                records: u32::try_from(batch.records).unwrap_or(u32::MAX),
                block: batch.block.into(),
            }),
            ..NativeConsumerEvent::NOTHING
        });
    }

    fn rebalance(&self, rebalance: Rebalance) {
        let kind = match rebalance.kind {
            RebalanceKind::Assigned => "assigned",
            RebalanceKind::Revoked => "revoked",
            RebalanceKind::Lost => "lost",
            RebalanceKind::Ended => "ended",
        };
        self.send(NativeConsumerEvent {
            rebalance: Some(NativeRebalance {
                kind: kind.to_owned(),
                partitions: rebalance
                    .partitions
                    .into_iter()
                    .map(|assigned| NativePartition {
                        slot: assigned.slot,
                        subscription: assigned.subscription,
                        topic: assigned.topic.to_string(),
                        partition: assigned.partition,
                    })
                    .collect(),
            }),
            ..NativeConsumerEvent::NOTHING
        });
    }

    fn moved(&self, slots: Vec<(u32, u32)>) {
        let moved = slots.into_iter().map(|(from, to)| NativeMove { from, to });
        self.send(NativeConsumerEvent {
            moved: Some(moved.collect()),
            ..NativeConsumerEvent::NOTHING
        });
    }

    fn error(&self, error: CoreError) {
        let send = |error: CoreError| {
            self.send(NativeConsumerEvent {
                error: Some(error.into()),
                ..NativeConsumerEvent::NOTHING
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

/// A member of a consumer group.
#[napi]
pub struct NativeConsumer {
    consumer: Option<Consumer>,
}

/// Starts a consumer, or says what is wrong with its properties.
#[napi(catch_unwind)]
pub fn start_consumer(
    properties: HashMap<String, String>,
    settings: NativeConsumerSettings,
    metrics: Option<&NativeMetrics>,
    on_event: Function<NativeConsumerEvent, Unknown<'static>>,
) -> Result<Either<NativeConsumer, NativeError>> {
    let notices = Notices::default();
    let taken = notices.clone();
    let function: EventFunction = on_event
        .build_threadsafe_function()
        .weak::<true>()
        .build_callback(move |context: ThreadsafeCallContext<NativeConsumerEvent>| {
            if context.value.error.is_some() || context.value.log.is_some() {
                taken.taken();
            }
            Ok(context.value)
        })?;
    let properties: BTreeMap<_, _> = properties.into_iter().collect();
    let settings = ConsumerSettings {
        commit_interval: Duration::from_millis(settings.commit_interval_ms.into()),
        prefetch_budget: settings.prefetch_bytes as usize,
        metrics: metrics.map(|metrics| metrics.group(properties.get("group.id").map_or("", String::as_str))),
    };
    Ok(
        match Consumer::start(&properties, settings, Arc::new(Events { function, notices })) {
            Ok(consumer) => Either::A(NativeConsumer {
                consumer: Some(consumer),
            }),
            Err(error) => Either::B(error.into()),
        },
    )
}

type Reply<T> = Box<dyn FnOnce(CoreResult<T>) + Send>;

impl NativeConsumer {
    /// Asks the cluster from a thread of its own; `answer` is what JavaScript gets for the outcome.
    fn ask<'env, T, A>(
        &self,
        env: &'env Env,
        timeout_ms: u32,
        answer: impl FnOnce(CoreResult<T>) -> A + Send + 'static,
        question: impl FnOnce(Subscriber, Duration, Reply<T>) + Send + 'static,
    ) -> Result<Object<'env>>
    where
        T: 'static,
        A: ToNapiValue + Send + 'static,
    {
        let subscriber = self.open()?.subscriber().ok_or_else(closed)?;
        let (settle, promise) = promise(env)?;
        let timeout = Duration::from_millis(timeout_ms.into());
        let reply = Box::new(move |outcome| settle(answer(outcome)));
        on_thread(move || question(subscriber, timeout, reply))?;
        Ok(promise)
    }
}

#[napi]
impl NativeConsumer {
    fn open(&self) -> Result<&Consumer> {
        self.consumer.as_ref().ok_or_else(closed)
    }

    /// Waits until a broker answers.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn connect<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        connect(env, self.open()?.connector().ok_or_else(closed)?, timeout_ms)
    }

    /// Gives it a token to log in with by OAUTHBEARER, from now on.
    #[napi(catch_unwind)]
    pub fn set_token(&self, token: NativeToken) -> Result<Option<NativeError>> {
        Ok(set_token(&self.open()?.connector().ok_or_else(closed)?, token))
    }

    /// Whether a broker answers now.
    #[napi(catch_unwind, ts_return_type = "Promise<boolean>")]
    pub fn answers<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        answers(env, self.open()?.connector().ok_or_else(closed)?, timeout_ms)
    }

    /// Joins the group for more topics; settles once it has been joined.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn subscribe<'env>(
        &self,
        env: &'env Env,
        subscription: NativeSubscription,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, timeout_ms, failure, move |subscriber, timeout, reply| {
            subscriber.subscribe(subscription.into(), timeout, reply);
        })
    }

    /// Reads partitions without a group; settles once it is fixed where they begin and end. The subscription names no
    /// topics.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<NativeRange> | NativeError>")]
    pub fn read<'env>(
        &self,
        env: &'env Env,
        subscription: NativeSubscription,
        reading: NativeReading,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let fixed = |outcome: CoreResult<Vec<ReadingRange>>| match outcome {
            Ok(ranges) => Either::A(ranges.into_iter().map(NativeRange::from).collect::<Vec<_>>()),
            Err(error) => Either::B(NativeError::from(error)),
        };
        self.ask(env, timeout_ms, fixed, move |subscriber, timeout, reply| {
            subscriber.read(subscription.into(), reading.into(), timeout, reply);
        })
    }

    /// Replaces a subscription's topics.
    #[napi(catch_unwind)]
    pub fn set_topics(&self, subscription: u32, topics: Vec<String>) -> Result<()> {
        self.open()?.set_topics(subscription, topics);
        Ok(())
    }

    /// Gives a subscription up for good.
    #[napi(catch_unwind)]
    pub fn unsubscribe(&self, subscription: u32) -> Result<()> {
        self.open()?.unsubscribe(subscription);
        Ok(())
    }

    /// Hands nothing more of some partitions over, or goes on with them. Batches on their way still arrive.
    #[napi(catch_unwind)]
    pub fn set_paused(&self, slots: Vec<u32>, is_paused: bool) -> Result<()> {
        self.open()?.set_paused(slots, is_paused);
        Ok(())
    }

    /// Goes on with some partitions somewhere else: all of them or none.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn seek<'env>(
        &self,
        env: &'env Env,
        places: Vec<NativeSeekPlace>,
        target: NativeSeekTarget,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let places: Vec<_> = places.into_iter().map(SeekPlace::from).collect();
        self.ask(env, timeout_ms, failure, move |subscriber, timeout, reply| {
            subscriber.seek(&places, target.into(), timeout, reply);
        })
    }

    /// All topics, Kafka's internal ones included.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<NativeTopic> | NativeError>")]
    pub fn list_topics<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        let listed = |outcome: CoreResult<Vec<TopicSize>>| match outcome {
            Ok(topics) => Either::A(topics.into_iter().map(NativeTopic::from).collect::<Vec<_>>()),
            Err(error) => Either::B(NativeError::from(error)),
        };
        self.ask(env, timeout_ms, listed, Subscriber::list_topics)
    }

    /// Creates topics; those that are there already stay as they are.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn create_topics<'env>(
        &self,
        env: &'env Env,
        topics: Vec<NativeNewTopic>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let topics: Vec<_> = topics.into_iter().map(NewTopic::from).collect();
        self.ask(env, timeout_ms, failure, move |subscriber, timeout, reply| {
            subscriber.create_topics(&topics, timeout, reply);
        })
    }

    /// Milliseconds since the consumer's thread last came round, which it does at least each second.
    #[napi(catch_unwind)]
    pub fn poll_age_ms(&self) -> Result<f64> {
        Ok(self.open()?.poll_age().as_secs_f64() * 1_000.0)
    }

    /// Every record of a batch was handled.
    #[napi(catch_unwind)]
    pub fn complete_all(&self, batch: u32) -> Result<()> {
        self.open()?.complete_all(batch);
        Ok(())
    }

    /// Some records of a batch are back, index × 4 + 0 (done), 1 (failed) or 2 (not run), or held (3) until
    /// they are reported again.
    #[napi(catch_unwind)]
    pub fn complete(&self, batch: u32, outcomes: Uint32ArraySlice<'_>) -> Result<()> {
        let outcomes = outcomes
            .iter()
            .map(|packed| {
                let outcome = match packed & 3 {
                    0 => Outcome::Done,
                    1 => Outcome::Failed,
                    2 => Outcome::NotRun,
                    _ => Outcome::Held,
                };
                (packed >> 2, outcome)
            })
            .collect();
        self.open()?.complete(batch, outcomes);
        Ok(())
    }

    /// Drains, commits and leaves, at the latest at the timeout. Completions are taken meanwhile.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeConsumerReport>")]
    pub fn close<'env>(&mut self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        let consumer = self.consumer.as_mut().ok_or_else(closed)?;
        let (settle, promise) = promise(env)?;
        let timeout = Duration::from_millis(timeout_ms.into());
        let reply = move |report: ConsumerReport| {
            settle(NativeConsumerReport {
                unfinished: u32::try_from(report.unfinished).unwrap_or(u32::MAX),
                left_group: report.left_group,
            });
        };
        consumer.close(timeout, Box::new(reply));
        Ok(promise)
    }
}
