//! The verification schemes: small values that say how a provider proves itself.
//!
//! Each has a `verify` that takes the raw request, the integration's [`Secrets`], and when the request first arrived.
//! Everything that is not proven is refused: a header that is missing, doubled, empty, not ASCII or of the wrong
//! length; a secret that is missing or empty; a time outside the tolerance, before or after; a weaker proof beside a
//! stronger one that fails. Comparisons take constant time. Of several secrets any may match, and
//! [`Verified::secret_index`] tells which. At most 16 signatures of one header are looked at.
//!
//! | scheme | header | proof | time | handshake | feature |
//! |---|---|---|---|---|---|
//! | [`Hmac`] | configurable | HMAC-SHA256 or SHA1, hex or base64 | optional header | – | `webhook` |
//! | [`Hmac::GITHUB`] | `X-Hub-Signature-256` | HMAC-SHA256, hex | – | – | `webhook` |
//! | [`Hmac::GENERIC`] | `X-Webhook-Signature` | HMAC-SHA256, hex | – | – | `webhook` |
//! | [`Meta`] | `X-Hub-Signature-256` | HMAC-SHA256, hex | – | GET challenge | `webhook` |
//! | [`Notion`] | `X-Notion-Signature` | HMAC-SHA256, hex | – | hands over the secret | `webhook` |
//! | [`Slack`] | `X-Slack-Signature` | HMAC-SHA256, hex, v0 | header, 5 min | `url_verification` | `webhook` |
//! | [`Stripe`] | `Stripe-Signature` | HMAC-SHA256, hex, v1 | in the header, 5 min | – | `webhook` |
//! | [`HubSpot`] | `X-HubSpot-Signature-v3` | HMAC-SHA256 of method, URL, body, base64 | header in ms, 5 min | – | `webhook` |
//! | [`HubSpot::allow_v1`], [`allow_v2`](HubSpot::allow_v2) | `X-HubSpot-Signature` | SHA-256 with the secret, hex | – | – | `webhook` |
//! | [`Twilio`] | `X-Twilio-Signature` | HMAC-SHA1 of URL and parameters, base64 | – | – | `webhook` |
//! | [`StandardWebhooks`] | `webhook-signature`, `svix-signature` | HMAC-SHA256, base64, v1 | header, 5 min | – | `webhook` |
//! | [`Hook0`] | `X-Hook0-Signature` | HMAC-SHA256, hex, v0 or v1 | in the header, 5 min | – | `webhook` |
//! | [`Hookdeck`] | `X-Hookdeck-Signature`, `-2` | HMAC-SHA256, base64 | – | – | `webhook` |
//! | [`Nango`] | `X-Nango-Hmac-Sha256` | HMAC-SHA256, hex | – | – | `webhook` |
//! | [`Verity`] | `X-Texting-Signature`, `X-Broadcast-Signature`, `X-Signature` | HMAC-SHA256, hex | – | – | `webhook` |
//! | [`Basic`] | `Authorization` | user and password | – | – | `webhook` |
//! | [`SharedSecret`] | configurable | the secret itself | – | – | `webhook` |
//! | [`GoogleChannel`] | `X-Goog-Channel-Token` | token and channel id | – | `sync` message | `webhook` |
//! | [`Graph`] | – | `clientState` of every item | – | `validationToken` | `webhook` |
#![cfg_attr(
    feature = "webhook-asymmetric",
    doc = "| [`GraphRich`] | – | the same, RS256 tokens, encrypted and signed data | token, 1 min | `validationToken` | `webhook-asymmetric` |
| [`Ghl`] | `X-GHL-Signature` | Ed25519, base64 | in the body | – | `webhook-asymmetric` |
| [`Ghl::allow_legacy_rsa`] | `X-WH-Signature` | RSA PKCS #1 v1.5, SHA-256, base64 | in the body | – | `webhook-asymmetric` |
| [`StandardWebhooksAsymmetric`] | `webhook-signature`, `svix-signature` | Ed25519, base64, v1a | header, 5 min | – | `webhook-asymmetric` |
| [`GooglePubSub`] | `Authorization` | RS256 token: audience and service account | token, 1 min | – | `webhook-asymmetric` |"
)]
//!
//! ```
//! use http::{HeaderMap, HeaderValue, Method};
//! use integrations_core::webhook::{RawRequest, Secrets, schemes::Hmac};
//!
//! let mut headers = HeaderMap::new();
//! headers.insert("x-hub-signature-256", HeaderValue::from_static(
//!     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
//! ));
//! let raw = RawRequest::new(Method::POST, "https://example.com/hooks", headers, "Hello, World!");
//! let secrets = Secrets::one("It's a Secret to Everybody");
//! let received_at = "2026-11-21T02:00:00Z".parse()?;
//!
//! let verified = Hmac::GITHUB.verify(&raw, &secrets, received_at)?;
//! assert_eq!(verified.body(), "Hello, World!");
//!
//! let error = Hmac::GITHUB.verify(&raw, &Secrets::none(), received_at).unwrap_err();
//! assert_eq!(error.code(), Some("no_secret"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt::Debug;

use jiff::Timestamp;

use super::{RawRequest, Secrets, Verified};
use crate::Result;

/// Adds the public `verify` to a type that has a `check`.
macro_rules! verifier {
    ($name:ident) => {
        impl $name {
            /// Proves the sender of a request that first arrived at `received_at`.
            ///
            /// # Errors
            /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook); its code is the
            /// [`Rejection`](crate::webhook::Rejection)'s.
            pub fn verify<'a>(
                &self,
                raw: &'a crate::webhook::RawRequest,
                secrets: &crate::webhook::Secrets,
                received_at: jiff::Timestamp,
            ) -> crate::Result<crate::webhook::Verified<'a>> {
                Ok(self.check(raw, secrets, received_at)?)
            }
        }

        impl super::Scheme for $name {
            fn verify<'a>(
                &self,
                raw: &'a crate::webhook::RawRequest,
                secrets: &crate::webhook::Secrets,
                received_at: jiff::Timestamp,
            ) -> crate::Result<crate::webhook::Verified<'a>> {
                Ok(self.check(raw, secrets, received_at)?)
            }
        }
    };
}

mod basic;
#[cfg(feature = "webhook-asymmetric")]
pub(super) mod ghl;
mod google_channel;
#[cfg(feature = "webhook-asymmetric")]
mod google_pubsub;
mod graph;
#[cfg(feature = "webhook-asymmetric")]
mod graph_content;
#[cfg(feature = "webhook-asymmetric")]
mod graph_rich;
mod hmac;
pub(super) mod hook0;
pub(super) mod hookdeck;
pub(super) mod hubspot;
#[cfg(feature = "webhook-asymmetric")]
mod jwks;
#[cfg(feature = "webhook-asymmetric")]
mod jwt;
#[cfg(feature = "webhook-asymmetric")]
pub(super) mod keys;
mod meta;
pub(super) mod nango;
mod notion;
mod policies;
mod shared_secret;
mod slack;
pub(super) mod standard;
#[cfg(feature = "webhook-asymmetric")]
mod standard_asymmetric;
pub(super) mod stripe;
pub(super) mod twilio;
mod twilio_url;
mod verity;
pub(super) mod wire;

pub use self::basic::Basic;
#[cfg(feature = "webhook-asymmetric")]
pub use self::ghl::Ghl;
pub use self::google_channel::GoogleChannel;
#[cfg(feature = "webhook-asymmetric")]
pub use self::google_pubsub::GooglePubSub;
pub use self::graph::{EncryptedContent, Graph};
#[cfg(feature = "webhook-asymmetric")]
pub use self::graph_content::{GraphContentKey, GraphPrivateKey};
#[cfg(feature = "webhook-asymmetric")]
pub use self::graph_rich::GraphRich;
pub use self::hmac::{Hmac, KeyForm, SignedTime};
pub use self::hook0::Hook0;
pub use self::hookdeck::Hookdeck;
pub use self::hubspot::HubSpot;
#[cfg(feature = "webhook-asymmetric")]
pub use self::jwks::{Jwks, KeySource, SharedJwks};
#[cfg(feature = "webhook-asymmetric")]
pub use self::keys::{Ed25519Key, RsaKey};
pub use self::meta::Meta;
pub use self::nango::Nango;
pub use self::notion::Notion;
pub use self::shared_secret::SharedSecret;
pub use self::slack::Slack;
pub use self::standard::StandardWebhooks;
#[cfg(feature = "webhook-asymmetric")]
pub use self::standard_asymmetric::StandardWebhooksAsymmetric;
pub use self::stripe::Stripe;
pub use self::twilio::Twilio;
pub use self::verity::Verity;

/// Any scheme, for code that is told at run time which one to use.
pub trait Scheme: Debug + Send + Sync {
    /// Proves the sender of a request that first arrived at `received_at`.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook); its code is the [`Rejection`](super::Rejection)'s.
    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>>;
}
