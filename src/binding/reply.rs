use std::time::Duration;

use napi::bindgen_prelude::{Env, Object, ToNapiValue};
use napi::{JsDeferred, Result};
use napi_derive::napi;

use super::error::NativeError;
use crate::core::connect::{Connector, Token};
use crate::core::error::Result as CoreResult;

type Resolver<T> = Box<dyn FnOnce(Env) -> Result<T> + Send>;

/// A promise and the way to settle it from any thread. It never rejects: a native rejection has no
/// JavaScript stack, so failures are values, which the layer above turns into errors.
pub fn promise<T>(env: &Env) -> Result<(impl FnOnce(T) + Send + use<T>, Object<'_>)>
where
    T: ToNapiValue + Send + 'static,
{
    let (deferred, promise): (JsDeferred<T, Resolver<T>>, _) = env.create_deferred()?;
    let settle = move |value: T| deferred.resolve(Box::new(move |_| Ok(value)));
    Ok((settle, promise))
}

/// The failure of a call that has no other result.
pub fn failure(result: CoreResult<()>) -> Option<NativeError> {
    result.err().map(NativeError::from)
}

/// Runs a blocking call on a thread of its own.
pub fn on_thread(work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name("narad-call".into())
        .spawn(work)
        .map(|_| ())
        .map_err(|error| napi::Error::from_reason(format!("cannot start a thread: {error}")))
}

/// What a client logs in with by OAUTHBEARER.
#[napi(object)]
pub struct NativeToken {
    pub value: String,
    /// Milliseconds since the epoch.
    pub expires_at_ms: i64,
    pub principal: String,
    /// Names and values in turn.
    pub extensions: Vec<String>,
}

impl From<NativeToken> for Token {
    fn from(native: NativeToken) -> Self {
        let NativeToken {
            value,
            expires_at_ms,
            principal,
            extensions,
        } = native;
        Self {
            value,
            expires_at_ms,
            principal,
            extensions,
        }
    }
}

/// Gives a client a token to log in with.
pub fn set_token(connector: &Connector, token: NativeToken) -> Option<NativeError> {
    failure(connector.set_token(&token.into()))
}

/// Waits until a broker answers.
pub fn connect(env: &Env, connector: Connector, timeout_ms: u32) -> Result<Object<'_>> {
    let (settle, promise) = promise(env)?;
    let timeout = Duration::from_millis(timeout_ms.into());
    let reply = Box::new(move |outcome: CoreResult<()>| settle(failure(outcome)));
    on_thread(move || connector.connect(timeout, reply))?;
    Ok(promise)
}

/// Whether a broker answers now.
pub fn answers(env: &Env, connector: Connector, timeout_ms: u32) -> Result<Object<'_>> {
    let (settle, promise) = promise(env)?;
    let timeout = Duration::from_millis(timeout_ms.into());
    on_thread(move || {
        let outcome = connector.answers(timeout);
        drop(connector);
        settle(outcome);
    })?;
    Ok(promise)
}
