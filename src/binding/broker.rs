use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Either, Env, Function, Object, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;

use super::error::{NativeError, closed};
use super::reply::{failure, on_thread, promise};
use crate::core::embedded::{BrokerEvents, EmbeddedBroker, Reply};
use crate::core::error::{CoreError, Result as CoreResult};

/// How large an embedded cluster is.
#[napi(object)]
pub struct NativeBrokerSettings {
    pub brokers: i32,
}

type EventFunction = ThreadsafeFunction<NativeError, Unknown<'static>, NativeError, Status, false, true>;

struct Events(EventFunction);

impl BrokerEvents for Events {
    fn error(&self, error: CoreError) {
        // a few a second at most; a loop that is gone takes nothing any more
        self.0.call(error.into(), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// A cluster in this process.
#[napi]
pub struct NativeBroker {
    broker: Option<EmbeddedBroker>,
}

/// Starts an embedded cluster, or says why it cannot.
#[napi(catch_unwind)]
pub fn start_broker(
    settings: NativeBrokerSettings,
    on_event: Function<NativeError, Unknown<'static>>,
) -> Result<Either<NativeBroker, NativeError>> {
    let events: EventFunction = on_event
        .build_threadsafe_function()
        .weak::<true>()
        .build_callback(|context| Ok(context.value))?;
    Ok(
        match EmbeddedBroker::start(settings.brokers, Arc::new(Events(events))) {
            Ok(broker) => Either::A(NativeBroker { broker: Some(broker) }),
            Err(error) => Either::B(error.into()),
        },
    )
}

#[napi]
impl NativeBroker {
    fn open(&self) -> Result<&EmbeddedBroker> {
        self.broker.as_ref().ok_or_else(closed)
    }

    /// Host and port of every broker.
    #[napi(getter, catch_unwind)]
    pub fn bootstrap(&self) -> Result<String> {
        Ok(self.open()?.bootstrap().to_owned())
    }

    /// Creates a topic.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn create_topic<'env>(
        &self,
        env: &'env Env,
        topic: String,
        partitions: i32,
        replication_factor: i32,
    ) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?
            .create_topic(topic, partitions, replication_factor, reply);
        Ok(promise)
    }

    /// Lets the next requests with this number fail, one for each error.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn push_request_errors<'env>(
        &self,
        env: &'env Env,
        api: i16,
        errors: Vec<String>,
    ) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?.push_request_errors(api, errors, reply);
        Ok(promise)
    }

    /// Lets requests with this number succeed again.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn clear_request_errors<'env>(&self, env: &'env Env, api: i16) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?.clear_request_errors(api, reply);
        Ok(promise)
    }

    /// Closes a broker's connections and refuses new ones.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn broker_down<'env>(&self, env: &'env Env, broker: i32) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?.broker_down(broker, reply);
        Ok(promise)
    }

    /// Lets a broker take connections again.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn broker_up<'env>(&self, env: &'env Env, broker: i32) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?.broker_up(broker, reply);
        Ok(promise)
    }

    /// Lets each answer of a broker wait.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn set_round_trip_time<'env>(
        &self,
        env: &'env Env,
        broker: i32,
        time_ms: u32,
    ) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        let time = Duration::from_millis(time_ms.into());
        self.open()?.set_round_trip_time(broker, time, reply);
        Ok(promise)
    }

    /// Makes a broker the leader of a partition.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn move_leader<'env>(
        &self,
        env: &'env Env,
        topic: String,
        partition: i32,
        broker: i32,
    ) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?.move_leader(topic, partition, broker, reply);
        Ok(promise)
    }

    /// Makes a broker the coordinator of a group.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn move_coordinator<'env>(&self, env: &'env Env, group: String, broker: i32) -> Result<Object<'env>> {
        let (reply, promise) = reply(env)?;
        self.open()?.move_coordinator(group, broker, reply);
        Ok(promise)
    }

    /// Ends the cluster; the answer says whether records were lost before, or that it takes too long.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn stop<'env>(&mut self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        let broker = self.broker.take().ok_or_else(closed)?;
        let (settle, promise) = promise(env)?;
        let timeout = Duration::from_millis(timeout_ms.into());
        on_thread(move || settle(failure(broker.stop(timeout))))?;
        Ok(promise)
    }
}

/// The promise of a call that has no other result than its failure.
fn reply(env: &Env) -> Result<(Reply, Object<'_>)> {
    let (settle, promise) = promise(env)?;
    Ok((
        Box::new(move |outcome: CoreResult<()>| settle(failure(outcome))),
        promise,
    ))
}
