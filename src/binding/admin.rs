use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Either, Env, Function, Object, ToNapiValue, Unknown};
use napi::threadsafe_function::{ThreadsafeCallContext, ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;

use super::administered::{
    NativeClusterInfo, NativeConfigChange, NativeConfigEntry, NativeGroupInfo, NativeGroupListing,
    NativePosition, NativeTopicInfo,
};
use super::error::{NativeError, NativeLog, closed};
use super::notices::Notices;
use super::questions::NativeNewTopic;
use super::reply::{NativeToken, answers, connect, failure, on_thread, promise};
use crate::core::admin::{self, Admin, AdminEvents, Inquirer, NewTopic, Position};
use crate::core::error::{CoreError, Result as CoreResult};

/// One of: an error, a log line.
#[napi(object)]
pub struct NativeAdminEvent {
    pub error: Option<NativeError>,
    pub log: Option<NativeLog>,
}

type EventFunction =
    ThreadsafeFunction<NativeAdminEvent, Unknown<'static>, NativeAdminEvent, Status, false, true>;

struct Events {
    function: EventFunction,
    notices: Notices,
}

impl Events {
    fn send(&self, error: Option<NativeError>, log: Option<NativeLog>) {
        // bounded by the notices; a loop that is gone takes nothing any more
        self.function.call(
            NativeAdminEvent { error, log },
            ThreadsafeFunctionCallMode::NonBlocking,
        );
    }
}

impl AdminEvents for Events {
    fn error(&self, error: CoreError) {
        let send_line = |line| self.send(None, Some(line));
        let is_fatal = error.fatal;
        self.notices
            .admit(is_fatal, send_line, || self.send(Some(error.into()), None));
    }

    fn log(&self, level: i32, text: String) {
        let send_line = |line| self.send(None, Some(line));
        self.notices.admit(false, send_line, || {
            self.send(None, Some(NativeLog { level, text }));
        });
    }
}

/// The client of a service that administers.
#[napi]
pub struct NativeAdmin {
    admin: Option<Admin>,
}

/// Starts a client for administration, or says what is wrong with its properties.
#[napi(catch_unwind)]
pub fn start_admin(
    properties: HashMap<String, String>,
    on_event: Function<NativeAdminEvent, Unknown<'static>>,
) -> Result<Either<NativeAdmin, NativeError>> {
    let notices = Notices::default();
    let taken = notices.clone();
    let function: EventFunction = on_event
        .build_threadsafe_function()
        .weak::<true>()
        .build_callback(move |context: ThreadsafeCallContext<NativeAdminEvent>| {
            taken.taken();
            Ok(context.value)
        })?;
    let properties: BTreeMap<_, _> = properties.into_iter().collect();
    Ok(
        match Admin::start(&properties, Arc::new(Events { function, notices })) {
            Ok(admin) => Either::A(NativeAdmin { admin: Some(admin) }),
            Err(error) => Either::B(error.into()),
        },
    )
}

impl NativeAdmin {
    fn open(&self) -> Result<&Admin> {
        self.admin.as_ref().ok_or_else(closed)
    }

    /// Asks the cluster from a thread of its own; `answer` is what JavaScript gets for the outcome.
    fn ask<'env, T, A>(
        &self,
        env: &'env Env,
        answer: impl FnOnce(CoreResult<T>) -> A + Send + 'static,
        question: impl FnOnce(Inquirer, Box<dyn FnOnce(CoreResult<T>) + Send>) + Send + 'static,
    ) -> Result<Object<'env>>
    where
        T: 'static,
        A: ToNapiValue + Send + 'static,
    {
        let inquirer = self.open()?.inquirer().ok_or_else(closed)?;
        let (settle, promise) = promise(env)?;
        on_thread(move || question(inquirer, Box::new(move |outcome| settle(answer(outcome)))))?;
        Ok(promise)
    }
}

fn ms(timeout_ms: u32) -> Duration {
    Duration::from_millis(timeout_ms.into())
}

/// A list for JavaScript, or why there is none.
fn list<T, N: From<T>>(outcome: CoreResult<Vec<T>>) -> Either<Vec<N>, NativeError> {
    match outcome {
        Ok(entries) => Either::A(entries.into_iter().map(N::from).collect()),
        Err(error) => Either::B(error.into()),
    }
}

fn native(positions: Vec<Position>) -> Vec<NativePosition> {
    positions.into_iter().map(NativePosition::from).collect()
}

fn positions(native: Vec<NativePosition>) -> Vec<Position> {
    native.into_iter().map(Position::from).collect()
}

#[napi]
impl NativeAdmin {
    /// Waits until a broker answers.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn connect<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        connect(env, self.open()?.connector().ok_or_else(closed)?, timeout_ms)
    }

    /// Gives it a token to log in with by OAUTHBEARER, from now on.
    #[napi(catch_unwind)]
    pub fn set_token(&self, token: NativeToken) -> Result<Option<NativeError>> {
        Ok(failure(self.open()?.set_token(token.into())))
    }

    /// Whether a broker answers now.
    #[napi(catch_unwind, ts_return_type = "Promise<boolean>")]
    pub fn answers<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        answers(env, self.open()?.connector().ok_or_else(closed)?, timeout_ms)
    }

    /// All topics, Kafka's internal ones included, without their ids.
    #[napi(
        catch_unwind,
        ts_return_type = "Promise<Array<NativeTopicInfo> | NativeError>"
    )]
    pub fn list_topics<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        self.ask(env, list::<_, NativeTopicInfo>, move |inquirer, reply| {
            inquirer.ask(move |handle| admin::list_topics(handle, ms(timeout_ms)), reply);
        })
    }

    /// Some topics, in the order in which they are asked for.
    #[napi(
        catch_unwind,
        ts_return_type = "Promise<Array<NativeTopicInfo> | NativeError>"
    )]
    pub fn describe_topics<'env>(
        &self,
        env: &'env Env,
        topics: Vec<String>,
        with_rights: bool,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, list::<_, NativeTopicInfo>, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::describe_topics(handle, &topics, with_rights, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// Creates topics; one that is there already is an error.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn create_topics<'env>(
        &self,
        env: &'env Env,
        topics: Vec<NativeNewTopic>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let topics: Vec<_> = topics.into_iter().map(NewTopic::from).collect();
        self.ask(env, failure, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::create_topics(handle, &topics, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// Deletes topics with their records.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn delete_topics<'env>(
        &self,
        env: &'env Env,
        topics: Vec<String>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, failure, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::delete_topics(handle, &topics, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// Gives a topic partitions up to a total.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn add_partitions<'env>(
        &self,
        env: &'env Env,
        topic: String,
        total: u32,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, failure, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::add_partitions(handle, &topic, total as usize, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// Deletes what lies before each offset; gives where each partition begins then.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<NativePosition> | NativeError>")]
    pub fn delete_records<'env>(
        &self,
        env: &'env Env,
        before: Vec<NativePosition>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let before = positions(before);
        self.ask(env, list::<_, NativePosition>, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::delete_records(handle, &before, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// The settings in force of a topic.
    #[napi(
        catch_unwind,
        ts_return_type = "Promise<Array<NativeConfigEntry> | NativeError>"
    )]
    pub fn topic_configs<'env>(
        &self,
        env: &'env Env,
        topic: String,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, list::<_, NativeConfigEntry>, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::topic_configs(handle, &topic, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// Changes some settings of a topic.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn alter_topic_configs<'env>(
        &self,
        env: &'env Env,
        topic: String,
        changes: Vec<NativeConfigChange>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|change| (change.name, change.value))
            .collect();
        self.ask(env, failure, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::alter_topic_configs(handle, &topic, &changes, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// The offset of the first record at or after a time, -1 where there is none; -2 asks for the beginning, -1 for the end.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<NativePosition> | NativeError>")]
    pub fn list_offsets<'env>(
        &self,
        env: &'env Env,
        times: Vec<NativePosition>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let times = positions(times);
        self.ask(env, list::<_, NativePosition>, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::list_offsets(handle, &times, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// The times of the first records at or after some offsets, in the place of the offsets; those that are not known in
    /// time are missing.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<NativePosition> | NativeError>")]
    pub fn record_times<'env>(
        &self,
        env: &'env Env,
        places: Vec<NativePosition>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let places = positions(places);
        self.ask(env, list::<_, NativePosition>, move |inquirer, reply| {
            inquirer.ask_about_groups(
                move |_, coordinators| admin::record_times(coordinators, &places, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// All groups.
    #[napi(
        catch_unwind,
        ts_return_type = "Promise<Array<NativeGroupListing> | NativeError>"
    )]
    pub fn list_groups<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        self.ask(env, list::<_, NativeGroupListing>, move |inquirer, reply| {
            inquirer.ask(move |handle| admin::list_groups(handle, ms(timeout_ms)), reply);
        })
    }

    /// Some groups with their members.
    #[napi(
        catch_unwind,
        ts_return_type = "Promise<Array<NativeGroupInfo> | NativeError>"
    )]
    pub fn describe_groups<'env>(
        &self,
        env: &'env Env,
        groups: Vec<String>,
        with_rights: bool,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, list::<_, NativeGroupInfo>, move |inquirer, reply| {
            inquirer.ask_about_groups(
                move |handle, coordinators| {
                    admin::describe_groups(handle, coordinators, &groups, with_rights, ms(timeout_ms))
                },
                reply,
            );
        })
    }

    /// Forgets groups.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn delete_groups<'env>(
        &self,
        env: &'env Env,
        groups: Vec<String>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        self.ask(env, failure, move |inquirer, reply| {
            inquirer.ask_about_groups(
                move |handle, coordinators| {
                    admin::delete_groups(handle, coordinators, &groups, ms(timeout_ms))
                },
                reply,
            );
        })
    }

    /// What groups have committed, in their order.
    #[napi(
        catch_unwind,
        ts_return_type = "Promise<Array<Array<NativePosition>> | NativeError>"
    )]
    pub fn group_offsets<'env>(
        &self,
        env: &'env Env,
        groups: Vec<String>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let all = |outcome: CoreResult<Vec<Vec<Position>>>| match outcome {
            Ok(groups) => Either::A(groups.into_iter().map(native).collect::<Vec<_>>()),
            Err(error) => Either::B(NativeError::from(error)),
        };
        self.ask(env, all, move |inquirer, reply| {
            inquirer.ask_about_groups(
                move |handle, coordinators| {
                    admin::group_offsets(handle, coordinators, &groups, ms(timeout_ms))
                },
                reply,
            );
        })
    }

    /// Commits for a group without members.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeError | null>")]
    pub fn alter_group_offsets<'env>(
        &self,
        env: &'env Env,
        group: String,
        offsets: Vec<NativePosition>,
        timeout_ms: u32,
    ) -> Result<Object<'env>> {
        let offsets = positions(offsets);
        self.ask(env, failure, move |inquirer, reply| {
            inquirer.ask_about_groups(
                move |handle, coordinators| {
                    admin::alter_group_offsets(handle, coordinators, &group, &offsets, ms(timeout_ms))
                },
                reply,
            );
        })
    }

    /// Id, controller and brokers.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeClusterInfo | NativeError>")]
    pub fn describe_cluster<'env>(&self, env: &'env Env, timeout_ms: u32) -> Result<Object<'env>> {
        let described = |outcome: CoreResult<_>| match outcome {
            Ok(cluster) => Either::A(NativeClusterInfo::from(cluster)),
            Err(error) => Either::B(NativeError::from(error)),
        };
        self.ask(env, described, move |inquirer, reply| {
            inquirer.ask(
                move |handle| admin::describe_cluster(handle, ms(timeout_ms)),
                reply,
            );
        })
    }

    /// Ends the client; what is being asked is answered with an error.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn close<'env>(&mut self, env: &'env Env) -> Result<Object<'env>> {
        let admin = self.admin.take().ok_or_else(closed)?;
        let (settle, promise) = promise(env)?;
        admin.close(Box::new(settle));
        Ok(promise)
    }
}
