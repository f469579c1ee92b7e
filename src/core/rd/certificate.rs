//! Why the certificate of a broker is not trusted. librdkafka's error is the same for every reason; but it
//! asks a callback, and puts what that says into a line of its log.

use std::os::raw::{c_char, c_int, c_void};

use rdkafka::bindings as sys;

const FACILITY: &str = "SSLCERTVRFY";

/// Agrees with OpenSSL in all, and says why in words.
pub(super) unsafe extern "C" fn explain(
    _rk: *mut sys::rd_kafka_t,
    _broker: *const c_char,
    _broker_id: i32,
    x509_error: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _size: usize,
    errstr: *mut c_char,
    errstr_size: usize,
    _opaque: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka's own variable.
    let code = unsafe { *x509_error };
    if code == 0 {
        return 1;
    }
    let words = reason(code);
    let length = words.len().min(errstr_size.saturating_sub(1));
    if errstr_size > 0 {
        // SAFETY: the buffer has `errstr_size` bytes, and the words and their end fit in.
        unsafe {
            errstr.copy_from_nonoverlapping(words.as_ptr().cast(), length);
            *errstr.add(length) = 0;
        }
    }
    0
}

/// OpenSSL's codes of what people meet (`X509_V_ERR_…`).
fn reason(code: c_int) -> &'static str {
    match code {
        2 | 18..=21 => "its authority is not among the trusted ones",
        9 => "it is not valid yet",
        10 => "it has expired",
        23 => "it was revoked",
        62 | 64 => "it is for another host",
        _ => "it does not hold",
    }
}

/// What a line of the log says of a certificate that was refused.
pub fn refused_certificate(facility: &str, text: &str) -> Option<String> {
    if facility != FACILITY {
        return None;
    }
    let (_, rest) = text.split_once("Certificate (")?;
    let (whose, why) = rest.split_once(") verification callback failed: ")?;
    Some(format!(
        "the broker's certificate ({whose}) is not trusted: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use super::refused_certificate;

    #[test]
    fn reads_whose_certificate_was_refused_and_why() {
        let line = "[thrd:ssl://a:1/bootstrap]: ssl://a:1/bootstrap: Certificate (subject=/CN=a, issuer=/CN=b) \
                    verification callback failed: it has expired";
        assert_eq!(
            refused_certificate("SSLCERTVRFY", line).as_deref(),
            Some("the broker's certificate (subject=/CN=a, issuer=/CN=b) is not trusted: it has expired")
        );
        assert_eq!(refused_certificate("FAIL", line), None);
        assert_eq!(refused_certificate("SSLCERTVRFY", "something else"), None);
    }
}
