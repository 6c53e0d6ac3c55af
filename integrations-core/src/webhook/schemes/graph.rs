use std::fmt;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use super::wire::{self, Text};
use crate::webhook::{Handshake, RawRequest, Rejection, Reply, Secrets, Verified};

/// Microsoft Graph change and lifecycle notifications: every item repeats the `clientState` of its subscription. There
/// is no signature. Requests with resource data are refused here, as their tokens would go unchecked: use
/// `GraphRich` of the feature `webhook-asymmetric`.
///
/// Secrets: the client states of all subscriptions, unnamed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Graph;

impl Graph {
    /// Answers the validation of a new subscription, `POST ?validationToken=…`: the decoded token as plain text. It
    /// proves nothing and changes nothing.
    #[must_use]
    pub fn handshake(&self, raw: &RawRequest) -> Option<Handshake> {
        const LONGEST: usize = 4096;
        let token = raw.query_value("validationToken")?;
        (raw.method == Method::POST && !token.is_empty() && token.len() <= LONGEST)
            .then(|| Handshake::reply(Reply::text(token)))
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        let notifications = Notifications::read(raw)?;
        let index = notifications.check_states(secrets)?;
        if notifications.has_resource_data() {
            return Err(Rejection::NoSecret);
        }
        Ok(Verified::new(raw, "graph_client_state", index, received_at))
    }
}

verifier!(Graph);

/// The parts of a request that prove something.
#[derive(Deserialize)]
pub(super) struct Notifications<'a> {
    #[serde(borrow)]
    value: Capped<Item<'a>, 1000>,
    #[serde(borrow, default, rename = "validationTokens")]
    tokens: Option<Capped<Text<'a>, 64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'a> {
    #[serde(borrow, default)]
    client_state: Option<Text<'a>>,
    #[cfg(feature = "webhook-asymmetric")]
    #[serde(borrow, default)]
    pub(super) tenant_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) encrypted_content: Option<EncryptedContent>,
}

/// The `encryptedContent` of a notification with resource data.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EncryptedContent {
    /// The resource, encrypted; base64.
    pub data: String,
    /// HMAC-SHA256 of the decoded data; base64.
    pub data_signature: String,
    /// The content's key, encrypted with our certificate; base64.
    pub data_key: String,
    /// The id that we gave the certificate.
    #[serde(default)]
    pub encryption_certificate_id: String,
}

impl fmt::Debug for EncryptedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedContent")
            .field("certificate", &self.encryption_certificate_id)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish_non_exhaustive()
    }
}

impl<'a> Notifications<'a> {
    pub(super) fn read(raw: &'a RawRequest) -> Result<Self, Rejection> {
        let read: Self =
            serde_json::from_slice(&raw.body).map_err(|_| Rejection::MalformedPayload)?;
        if read.value.0.is_empty() {
            return Err(Rejection::MalformedPayload);
        }
        Ok(read)
    }

    /// Checks every item, and tells the oldest secret that was needed.
    pub(super) fn check_states(&self, secrets: &Secrets) -> Result<usize, Rejection> {
        wire::require_secret(secrets)?;
        self.value.0.iter().try_fold(0, |oldest, item| {
            let state = item.client_state.as_ref().ok_or(Rejection::BadToken)?;
            let index = wire::matching_token(secrets, "", state.0.as_bytes())?;
            Ok(index.max(oldest))
        })
    }

    pub(super) fn has_resource_data(&self) -> bool {
        !self.tokens().is_empty()
            || self
                .items()
                .iter()
                .any(|item| item.encrypted_content.is_some())
    }

    pub(super) fn items(&self) -> &[Item<'a>] {
        &self.value.0
    }

    pub(super) fn tokens(&self) -> &[Text<'a>] {
        self.tokens.as_ref().map_or(&[], |tokens| &tokens.0)
    }
}

/// A list that refuses to grow beyond `MAX`.
struct Capped<T, const MAX: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Capped<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MAX: usize>(Vec<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX}")
            }
            fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Vec<T>, A::Error> {
                while let Some(item) = seq.next_element()? {
                    if self.0.len() >= MAX {
                        return Err(A::Error::custom("too many"));
                    }
                    self.0.push(item);
                }
                Ok(self.0)
            }
        }
        deserializer
            .deserialize_seq(List::<T, MAX>(Vec::new()))
            .map(Self)
    }
}
