use std::collections::BTreeMap;
use std::ffi::CString;
use std::mem::ManuallyDrop;
use std::os::raw::c_char;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::bindings as sys;
use rdkafka::error::KafkaError;
use rdkafka::types::{RDKafkaRespErr, RDKafkaType};

use super::{NO_ERROR, certificate, error_text, take_error};
use crate::core::error::{CoreError, ErrorCode, Result};

/// Which side of librdkafka a handle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `RD_KAFKA_PRODUCER`
    Producer,
    /// `RD_KAFKA_CONSUMER`
    Consumer,
}

/// What a client logs in with by OAUTHBEARER.
pub struct Token {
    /// The token itself.
    pub value: String,
    /// When it ends, in milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// Whose it is.
    pub principal: String,
    /// Names and values of SASL extensions, in turn.
    pub extensions: Vec<String>,
}

/// An instance of librdkafka. Dropping it joins its threads, so the last owner is always a thread
/// of ours, never the event loop. It never leaves a group on drop: that is done explicitly, with a
/// deadline, before.
pub struct Handle {
    rk: NonNull<sys::rd_kafka_t>,
}

// SAFETY: librdkafka's handle is thread-safe by its documentation.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// Creates an instance; logs and errors come as events on its main queue.
    pub fn new(kind: Kind, properties: &BTreeMap<String, String>) -> Result<Self> {
        let mut config = ClientConfig::new();
        for (name, value) in properties {
            config.set(name, value);
        }
        config.set("log.queue", "true");
        let native = config.create_native_config().map_err(|error| {
            // the value stays out of the message: it may be a password
            let why = match error {
                KafkaError::ClientConfig(_, reason, name, _) => format!("{name}: {reason}"),
                other => other.to_string(),
            };
            let text = format!("librdkafka refuses the configuration: {why}");
            CoreError::new(ErrorCode::ConfigInvalid, text)
        })?;
        let events = sys::RD_KAFKA_EVENT_DR
            | sys::RD_KAFKA_EVENT_REBALANCE
            | sys::RD_KAFKA_EVENT_OFFSET_COMMIT
            | sys::RD_KAFKA_EVENT_STATS
            | sys::RD_KAFKA_EVENT_ERROR
            | sys::RD_KAFKA_EVENT_LOG;
        let property = |name: &str| properties.get(name).map_or("", String::as_str);
        if property("security.protocol").contains("ssl")
            && property("enable.ssl.certificate.verification") != "false"
        {
            // SAFETY: the configuration is live, and the callback is a function without state.
            unsafe { sys::rd_kafka_conf_set_ssl_cert_verify_cb(native.ptr(), Some(certificate::explain)) };
        }
        let mut reason = [0u8; 512];
        // SAFETY: the configuration is live; librdkafka takes it over when it returns a handle.
        let rk = unsafe {
            sys::rd_kafka_conf_set_events(native.ptr(), events);
            let rd_type = match kind {
                Kind::Producer => RDKafkaType::RD_KAFKA_PRODUCER,
                Kind::Consumer => RDKafkaType::RD_KAFKA_CONSUMER,
            };
            sys::rd_kafka_new(
                rd_type,
                native.ptr(),
                reason.as_mut_ptr().cast::<c_char>(),
                reason.len(),
            )
        };
        let Some(rk) = NonNull::new(rk) else {
            let end = reason.iter().position(|&b| b == 0).unwrap_or(reason.len());
            let reason = String::from_utf8_lossy(&reason[..end]).into_owned();
            return Err(CoreError::new(
                ErrorCode::ConfigInvalid,
                format!("librdkafka cannot start: {reason}"),
            ));
        };
        // librdkafka owns the configuration now
        let _ = ManuallyDrop::new(native);
        let handle = Self { rk };
        // SAFETY: a null queue forwards the logs to the main queue.
        let forwarded = unsafe { sys::rd_kafka_set_log_queue(handle.ptr(), std::ptr::null_mut()) };
        if forwarded != NO_ERROR {
            return Err(CoreError::new(
                ErrorCode::Internal,
                format!("cannot redirect librdkafka's log: {}", error_text(forwarded)),
            ));
        }
        if kind == Kind::Consumer {
            // SAFETY: a consumer handle; errors, logs and rebalances now share one queue.
            unsafe { sys::rd_kafka_poll_set_consumer(handle.ptr()) };
        }
        Ok(handle)
    }

    pub(super) fn ptr(&self) -> *mut sys::rd_kafka_t {
        self.rk.as_ptr()
    }

    /// Gives it a token to log in with, from now on.
    pub fn set_token(&self, token: &Token) -> Result<()> {
        let text = |text: &str| {
            CString::new(text).map_err(|_| {
                CoreError::new(
                    ErrorCode::AuthenticationFailed,
                    "the token has a NUL character in it",
                )
            })
        };
        let (value, principal) = (text(&token.value)?, text(&token.principal)?);
        let extensions = token
            .extensions
            .iter()
            .map(|part| text(part))
            .collect::<Result<Vec<_>>>()?;
        let mut pointers: Vec<_> = extensions.iter().map(|part| part.as_ptr()).collect();
        let mut reason = [0u8; 512];
        // SAFETY: all strings outlive the call, which copies them.
        let code = unsafe {
            sys::rd_kafka_oauthbearer_set_token(
                self.ptr(),
                value.as_ptr(),
                token.expires_at_ms,
                principal.as_ptr(),
                pointers.as_mut_ptr(),
                pointers.len(),
                reason.as_mut_ptr().cast(),
                reason.len(),
            )
        };
        if code == NO_ERROR {
            return Ok(());
        }
        let end = reason.iter().position(|&b| b == 0).unwrap_or(reason.len());
        let why = String::from_utf8_lossy(&reason[..end]).into_owned();
        let text = format!("the token cannot be used: {why}");
        Err(CoreError::new(ErrorCode::AuthenticationFailed, text).caused_by(code))
    }

    /// The error that made this instance unusable, if one did.
    pub fn fatal_error(&self) -> Option<(RDKafkaRespErr, String)> {
        let mut reason = [0u8; 512];
        // SAFETY: the buffer outlives the call.
        let code = unsafe { sys::rd_kafka_fatal_error(self.ptr(), reason.as_mut_ptr().cast(), reason.len()) };
        if code == NO_ERROR {
            return None;
        }
        let end = reason.iter().position(|&b| b == 0).unwrap_or(reason.len());
        Some((code, String::from_utf8_lossy(&reason[..end]).into_owned()))
    }

    /// Records that were produced and have no delivery report yet.
    pub fn outstanding(&self) -> usize {
        // SAFETY: plain call on a live handle.
        usize::try_from(unsafe { sys::rd_kafka_outq_len(self.ptr()) }).unwrap_or(0)
    }

    /// Lets queued records leave without regard to `linger.ms`, until each is settled and its report is read, or the
    /// time is over.
    pub fn flush(&self, timeout: Duration) {
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: plain call on a live producer.
        unsafe { sys::rd_kafka_flush(self.ptr(), timeout) };
    }

    /// Fails every record that is queued or in flight; the reports follow as events. Does not wait for
    /// librdkafka's threads, one of which may be looking up a name.
    pub fn purge(&self) {
        let flags =
            sys::RD_KAFKA_PURGE_F_QUEUE | sys::RD_KAFKA_PURGE_F_INFLIGHT | sys::RD_KAFKA_PURGE_F_NON_BLOCKING;
        // SAFETY: plain call on a live producer.
        unsafe { sys::rd_kafka_purge(self.ptr(), flags) };
    }

    /// Starts to leave the group; events of the goodbye come on the consumer queue.
    pub fn begin_close(&self, queue: &super::Queue) -> Result<()> {
        // SAFETY: the queue belongs to this handle.
        let error = unsafe { take_error(sys::rd_kafka_consumer_close_queue(self.ptr(), queue.ptr())) };
        match error {
            None => Ok(()),
            Some((code, text)) => Err(CoreError::new(ErrorCode::Internal, text).caused_by(code)),
        }
    }

    /// Whether the group has been left.
    pub fn is_closed(&self) -> bool {
        // SAFETY: plain call on a live handle.
        unsafe { sys::rd_kafka_consumer_closed(self.ptr()) == 1 }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the last owner; queues and messages keep the handle alive through their Arc.
        unsafe {
            sys::rd_kafka_destroy_flags(self.ptr(), sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        }
    }
}
