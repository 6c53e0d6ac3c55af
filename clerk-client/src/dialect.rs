use http::StatusCode;
use integrations_core::ErrorKind;
use integrations_core::http::{Credential, Dialect, Fault, RawReply};

use crate::error::ApiErrors;

/// Clerk's error envelopes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClerkDialect;

impl Dialect for ClerkDialect {
    fn provider(&self) -> &'static str {
        crate::PROVIDER
    }

    fn fault(&self, reply: RawReply<'_>) -> Fault {
        let api = ApiErrors::parse(reply.body);
        let mut fault = match reply.status {
            // A secret key does not expire: another attempt with it is useless.
            StatusCode::UNAUTHORIZED => Fault::new(
                ErrorKind::Auth,
                "the secret key was refused: check that it belongs to this instance",
            ),
            status => Fault::from_status(status),
        };
        fault.credential = Credential::Unaffected;
        fault.code = api.code().map(str::to_owned);
        fault.request_id = api.trace_id;
        fault
    }
}
