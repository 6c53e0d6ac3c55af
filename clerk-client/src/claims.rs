use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::ids::{SessionId, UserId};
use crate::jwt::seconds;
use crate::reason::Reason;

/// What a verified token says. `Debug` shows whose it is and nothing of the application's own claims.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// Who issued it: the address of the instance's Frontend API.
    pub issuer: String,
    /// The user; of a machine token, the machine.
    pub subject: UserId,
    /// The session; a token of a JWT template has none.
    pub session: Option<SessionId>,
    /// The origin that it was made for.
    pub authorized_party: Option<String>,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// Whoever acts as the user.
    pub actor: Option<Act>,
    /// The organization that the user works in.
    pub organization: Option<OrganizationClaims>,
    all: Map<String, Value>,
}

/// Somebody who acts as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Act {
    /// Who it really is.
    pub subject: UserId,
}

/// The organization that a user works in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrganizationClaims {
    /// Its id.
    pub id: String,
    /// Its name in URLs.
    pub slug: Option<String>,
    /// What the user is there, without the prefix `org:`.
    pub role: Option<String>,
}

impl Claims {
    /// Any claim, the application's own among them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// Whether a claim is exactly `true`: `"true"` and 1 are not.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// Reads the claims that every token has. The form is checked here, what they mean by the verifier.
    pub(crate) fn read(all: Map<String, Value>) -> Result<Self, Reason> {
        let missing = Reason::VerificationFailed;
        let text = |name: &str| match all.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(missing),
        };
        let filled = |name: &str| text(name).map(|text| text.filter(|text| !text.is_empty()));
        let time = |name: &str| match all.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => seconds(value).and_then(timestamp).map(Some).ok_or(missing),
        };
        Ok(Self {
            issuer: text("iss")?.unwrap_or_default(),
            subject: filled("sub")?.ok_or(missing)?.into(),
            session: filled("sid")?.map(Into::into),
            authorized_party: text("azp")?,
            expires_at: time("exp")?.ok_or(missing)?,
            issued_at: time("iat")?,
            actor: all
                .get("act")
                .and_then(|act| act.get("sub")?.as_str())
                .map(|subject| Act {
                    subject: subject.into(),
                }),
            organization: organization(&all),
            all,
        })
    }

    pub(crate) fn not_before(&self) -> Result<Option<Timestamp>, Reason> {
        match self.all.get("nbf") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => seconds(value)
                .and_then(timestamp)
                .map(Some)
                .ok_or(Reason::VerificationFailed),
        }
    }

    /// Whom it is for; `None` when it does not say.
    pub(crate) fn audiences(&self) -> Result<Option<Vec<&str>>, Reason> {
        match self.all.get("aud") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(one)) => Ok(Some(vec![one])),
            Some(Value::Array(many)) => {
                let many: Option<Vec<_>> = many.iter().map(Value::as_str).collect();
                many.map(Some).ok_or(Reason::VerificationFailed)
            }
            Some(_) => Err(Reason::VerificationFailed),
        }
    }
}

fn organization(all: &Map<String, Value>) -> Option<OrganizationClaims> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    // Version 2 has one short object, version 1 three claims.
    let (id, slug, role) = match all.get("o") {
        Some(o) => (o.get("id"), o.get("slg"), o.get("rol")),
        None => (all.get("org_id"), all.get("org_slug"), all.get("org_role")),
    };
    Some(OrganizationClaims {
        id: text(id)?,
        slug: text(slug),
        role: text(role).map(|role| role.strip_prefix("org:").unwrap_or(&role).to_owned()),
    })
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("session", &self.session)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
