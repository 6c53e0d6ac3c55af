//! JSON Schemas of this crate's own types, for configs that hold them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::email::EmailAddress;
use crate::phone::PhoneNumber;
use crate::secret::{AccessToken, ClientSecret, RefreshToken, WebhookSecret};

/// The schema of a secret: `{"type": "string", "format": "password", "writeOnly": true}`.
///
/// Stands in for `SecretString` and secrets declared with [`secret!`](crate::secret!), which have no schema of their
/// own: `#[schemars(with = "SecretSchema")]`, or `with = "Option<SecretSchema>"` for an optional one. [`AccessToken`],
/// [`RefreshToken`], [`ClientSecret`] and [`WebhookSecret`] need nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum SecretSchema {}

macro_rules! schema {
    ($($of:ty: $name:literal => $schema:tt;)+) => {$(
        impl JsonSchema for $of {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

schema! {
    SecretSchema: "Secret" => {"type": "string", "format": "password", "writeOnly": true};
    AccessToken: "AccessToken" => {"type": "string", "format": "password", "writeOnly": true};
    RefreshToken: "RefreshToken" => {"type": "string", "format": "password", "writeOnly": true};
    ClientSecret: "ClientSecret" => {"type": "string", "format": "password", "writeOnly": true};
    WebhookSecret: "WebhookSecret" => {"type": "string", "format": "password", "writeOnly": true};
    PhoneNumber: "PhoneNumber" => {"type": "string", "format": "phone"};
    EmailAddress: "EmailAddress" => {"type": "string", "format": "email"};
}
