//! What is known of a phone number.

use http::Method;
use integrations_core::{ErrorKind, Result, object};
use serde_json::Value;

use crate::enums::LineType;
use crate::request::request;
use crate::{Call, Client, Spec};

/// Phone numbers: see [`Client::numbers`].
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a>(pub(crate) &'a Client);

impl Numbers<'_> {
    /// What is known of a number: carrier, kind of line, where. **Each call is billed**, a repeated one too.
    pub fn look_up(&self, phone: impl Into<String>) -> Call<LookUpNumber> {
        self.0.call(LookUpNumber::new(phone))
    }
}

request! {
    /// `POST /webhook/lookup`: what is known of a phone number.
    pub struct LookUpNumber -> NumberInfo {
        required {
            /// The number, in E.164 form.
            body phone_number: String = "phone_number",
        }
    }
    Spec::new("numbers.look_up", Method::POST, "/webhook/lookup")
        .docs("https://support.aloware.com/en/articles/5808579")
}

impl Call<LookUpNumber> {
    /// Sends the call; `None` for what the provider has nothing to say of: a number that is none, one that it does not
    /// know, an account that cannot pay (400, 402 and 404).
    ///
    /// # Errors
    /// As [`send`](Call::send), for everything else.
    pub async fn send_optional(self) -> Result<Option<NumberInfo>> {
        match self.send().await {
            Ok(info) => Ok(Some(info)),
            Err(error)
                if error
                    .status()
                    .is_some_and(|status| matches!(status.as_u16(), 400 | 402 | 404))
                    && error.kind() != ErrorKind::Auth =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

object! {
    /// What is known of a phone number.
    pub struct NumberInfo {
        rest {
            /// Members that the provider does not document.
            extra,
        }
        /// The look-up's id.
        sid: Option<String> = "sid",
        /// What kind of line it is.
        line_type: Option<LineType> = "line_type",
        /// The carrier.
        carrier: Option<String> = "carrier",
        /// The city it is registered in.
        cnam_city: Option<String> = "cnam_city",
        /// The state.
        cnam_state: Option<String> = "cnam_state",
        /// The country.
        cnam_country: Option<String> = "cnam_country",
        /// The answer of the provider's own source.
        data: Value = "data",
    }
}
