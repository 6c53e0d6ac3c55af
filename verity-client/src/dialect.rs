use integrations_core::http::{Dialect, Fault, RawReply};

use crate::error::ApiError;

/// Verity's errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VerityDialect;

impl Dialect for VerityDialect {
    fn provider(&self) -> &'static str {
        crate::PROVIDER
    }

    fn fault(&self, reply: RawReply<'_>) -> Fault {
        let mut fault = Fault::from_status(reply.status);
        fault.code = ApiError::parse(reply.body).code;
        fault
    }
}
