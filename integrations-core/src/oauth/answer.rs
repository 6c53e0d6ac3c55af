use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{OAuthProfile, TokenSet};
use crate::{Error, ErrorKind, RefreshToken, Result, lenient};

/// What a token endpoint answered, read leniently: strings for numbers, lists of scopes, camelCase, no token type.
///
/// It is the token response of the `oauth2` crate, which asks for getters of the standard fields; ours are read from
/// the answer by the provider's profile in [`into_tokens`](Self::into_tokens) instead.
#[derive(Clone)]
pub(super) struct Answer {
    fields: Map<String, Value>,
    access_token: oauth2::AccessToken,
    refresh_token: Option<oauth2::RefreshToken>,
    token_type: oauth2::basic::BasicTokenType,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        let access_token = text(&fields, ["access_token", "accessToken"]).unwrap_or_default();
        let refresh_token = text(&fields, ["refresh_token", "refreshToken"]);
        Ok(Self {
            access_token: oauth2::AccessToken::new(access_token),
            refresh_token: refresh_token.map(oauth2::RefreshToken::new),
            token_type: oauth2::basic::BasicTokenType::Bearer,
            fields,
        })
    }
}

impl Serialize for Answer {
    /// Nothing: a token is never written.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer([redacted])")
    }
}

impl oauth2::TokenResponse for Answer {
    type TokenType = oauth2::basic::BasicTokenType;

    fn access_token(&self) -> &oauth2::AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &Self::TokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        seconds(&self.fields, 1.0)
    }

    fn refresh_token(&self) -> Option<&oauth2::RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<oauth2::Scope>> {
        None
    }
}

impl Answer {
    /// The tokens, their end counted from `now`.
    pub(super) fn into_tokens(
        mut self,
        profile: &OAuthProfile,
        now: Timestamp,
    ) -> Result<TokenSet> {
        let object = match profile.token_object.as_str() {
            "" => self.fields.clone(),
            pointer => {
                let whole = Value::Object(std::mem::take(&mut self.fields));
                let inner = whole.pointer(pointer).and_then(Value::as_object).cloned();
                if let Value::Object(fields) = whole {
                    self.fields = fields;
                }
                inner.unwrap_or_default()
            }
        };
        let access_token = text(&object, ["access_token", "accessToken"]).ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "the token endpoint answered without an access token",
            )
        })?;
        if access_token.bytes().any(|b| b.is_ascii_control()) {
            return Err(Error::new(
                ErrorKind::Decode,
                "the access token holds characters that no header may carry",
            ));
        }
        let mut tokens = TokenSet::new(access_token);
        tokens.refresh_token =
            text(&object, ["refresh_token", "refreshToken"]).map(RefreshToken::from);
        tokens.expires_at = expires_at(&object, profile, now);
        tokens.scopes = scopes(object.get("scope").or_else(|| object.get("scopes")));
        tokens.extra = match profile.extra_fields.as_slice() {
            [] => harmless(self.fields),
            wanted => pick(self.fields, wanted),
        };
        Ok(tokens)
    }
}

fn text(fields: &Map<String, Value>, names: [&str; 2]) -> Option<String> {
    let text = names.iter().find_map(|name| fields.get(*name)?.as_str())?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Zero and less do not say when a token ends.
fn seconds(fields: &Map<String, Value>, unit: f64) -> Option<Duration> {
    let value = ["expires_in", "expiresIn"]
        .iter()
        .find_map(|name| number(fields.get(*name)?))?;
    Duration::try_from_secs_f64(value * unit)
        .ok()
        .filter(|lasts| !lasts.is_zero())
}

fn expires_at(
    fields: &Map<String, Value>,
    profile: &OAuthProfile,
    now: Timestamp,
) -> Option<Timestamp> {
    let unit = if profile.expires_in_milliseconds {
        0.001
    } else {
        1.0
    };
    if let Some(lasts) = seconds(fields, unit) {
        return after(now, lasts);
    }
    ["expires_at", "expiresAt"]
        .iter()
        .find_map(|name| lenient::timestamp_option(fields.get(*name)?).ok().flatten())
        .or_else(|| after(now, profile.default_expiry?))
}

/// `None` beyond the end of time, which is no end.
fn after(now: Timestamp, lasts: Duration) -> Option<Timestamp> {
    now.checked_add(SignedDuration::try_from(lasts).ok()?).ok()
}

fn scopes(value: Option<&Value>) -> Vec<String> {
    let split = |text: &str| -> Vec<String> {
        text.split([' ', ',', '\t', '\n'])
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()
    };
    match value {
        Some(Value::String(text)) => split(text),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .flat_map(split)
            .collect(),
        _ => Vec::new(),
    }
}

/// The listed fields; a dot leads into an object, and the field keeps its dotted name.
fn pick(fields: Map<String, Value>, wanted: &[String]) -> Map<String, Value> {
    let whole = Value::Object(fields);
    wanted
        .iter()
        .filter_map(|name| {
            let value = name
                .split('.')
                .try_fold(&whole, |value, part| value.get(part))?;
            (!value.is_null()).then(|| (name.clone(), value.clone()))
        })
        .collect()
}

/// All fields but the standard ones and those whose name speaks of a secret, at any depth.
fn harmless(fields: Map<String, Value>) -> Map<String, Value> {
    fields
        .into_iter()
        .filter(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let secret = ["token", "secret", "password"]
                .iter()
                .any(|word| name.contains(word));
            let standard = matches!(
                name.as_str(),
                "expires_in" | "expiresin" | "expires_at" | "expiresat" | "scope" | "scopes"
            );
            !(secret || standard || value.is_null())
        })
        .map(|(name, value)| (name, harmless_value(value)))
        .collect()
}

fn harmless_value(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(harmless(fields)),
        Value::Array(list) => Value::Array(list.into_iter().map(harmless_value).collect()),
        other => other,
    }
}
