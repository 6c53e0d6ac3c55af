//! Sessions and their tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use integrations_core::http::{Idempotency, Operation, Query, expand_path};
use integrations_core::{AccessToken, Error, ErrorKind, Result};
use jiff::Timestamp;
use serde_json::json;

use crate::client::{Client, operation};
use crate::ids::{ClientId, SessionId, UserId};

const LIST: Operation = operation("sessions.list", Method::GET, "/sessions", Idempotency::Safe);
// One token more changes nothing.
const TOKEN: Operation = operation(
    "sessions.create_token",
    Method::POST,
    "/sessions/{session_id}/tokens",
    Idempotency::Idempotent,
);
const TEMPLATE_TOKEN: Operation = operation(
    "sessions.create_token_from_template",
    Method::POST,
    "/sessions/{session_id}/tokens/{template_name}",
    Idempotency::Idempotent,
);

/// How long a token may live, in seconds.
const LIFETIMES: std::ops::RangeInclusive<u64> = 30..=315_360_000;

integrations_core::open_enum! {
    /// What has become of a session.
    pub enum SessionStatus {
        /// It goes on.
        Active = "active",
        /// The user left it in favour of another.
        Replaced = "replaced",
        /// The user signed out.
        Ended = "ended",
        /// It ran out.
        Expired = "expired",
        /// It was taken away.
        Revoked = "revoked",
        /// The user removed it.
        Removed = "removed",
        /// The user gave it up before it began.
        Abandoned = "abandoned",
        /// The user has something left to do before it begins.
        Pending = "pending",
    }
}

integrations_core::object! {
    /// A session of a user.
    pub struct Session {
        required {
            /// Its id.
            id: SessionId = "id",
        }
        /// The user.
        user_id: Option<UserId> = "user_id",
        /// The browser or device.
        client_id: Option<ClientId> = "client_id",
        /// What has become of it.
        status: Option<SessionStatus> = "status",
        /// When the user was last seen.
        last_active_at: Option<Timestamp> = "last_active_at",
        /// When it runs out.
        expire_at: Option<Timestamp> = "expire_at",
        /// When it is given up unless the user comes back.
        abandon_at: Option<Timestamp> = "abandon_at",
        /// When it began.
        created_at: Option<Timestamp> = "created_at",
        /// When it last changed.
        updated_at: Option<Timestamp> = "updated_at",
        /// The organization that the user works in.
        last_active_organization_id: Option<String> = "last_active_organization_id",
    }
}

/// What comes back for a token; some versions of the API wrap lists, none wraps this.
#[derive(serde::Deserialize)]
struct TokenAnswer {
    jwt: AccessToken,
}

/// The operations: see [`Client::sessions`].
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a Client);

impl<'a> Sessions<'a> {
    /// The sessions of a user or a client, newest first. Clerk answers only with one of the two.
    pub fn list(&self) -> ListSessions<'a> {
        ListSessions {
            client: self.0,
            filters: BTreeMap::new(),
        }
    }

    /// A session token, as the user's browser would get it.
    pub fn create_token(&self, session: &SessionId) -> CreateToken<'a> {
        CreateToken {
            client: self.0,
            session: session.clone(),
            template: None,
            expires_in: None,
        }
    }
}

/// A list of sessions to ask for.
#[derive(Debug)]
#[must_use = "nothing is asked before `send`"]
pub struct ListSessions<'a> {
    client: &'a Client,
    filters: BTreeMap<&'static str, String>,
}

impl ListSessions<'_> {
    /// Those of this user.
    pub fn user(self, user: &UserId) -> Self {
        self.filter("user_id", user.as_str())
    }

    /// Those of this browser or device.
    pub fn client(self, client: &ClientId) -> Self {
        self.filter("client_id", client.as_str())
    }

    /// Those with this status.
    pub fn status(self, status: &SessionStatus) -> Self {
        self.filter("status", status.as_str())
    }

    /// At most so many; Clerk takes 1 to 500.
    pub fn limit(self, limit: u32) -> Self {
        self.filter("limit", &limit.to_string())
    }

    /// Leaves out so many.
    pub fn offset(self, offset: u32) -> Self {
        self.filter("offset", &offset.to_string())
    }

    fn filter(mut self, name: &'static str, value: &str) -> Self {
        self.filters.insert(name, value.to_owned());
        self
    }

    /// Asks.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] without a user and a client; what Clerk's answer means.
    pub async fn send(self) -> Result<Vec<Session>> {
        if !["user_id", "client_id"]
            .iter()
            .any(|name| self.filters.contains_key(name))
        {
            return Err(Error::new(
                ErrorKind::Validation,
                "name the user or the client whose sessions are asked for",
            )
            .with_provider(crate::PROVIDER)
            .with_operation(LIST.name));
        }
        let mut query = Query::new();
        for (name, value) in &self.filters {
            query.push(name, value);
        }
        let reply = self.client.get(LIST, query).await?;
        // A bare list, or a page of one.
        match reply.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => reply.json_member("data"),
            _ => reply.json(),
        }
    }
}

/// A session token to ask for.
#[derive(Debug)]
#[must_use = "nothing is asked before `send`"]
pub struct CreateToken<'a> {
    client: &'a Client,
    session: SessionId,
    template: Option<String>,
    expires_in: Option<Duration>,
}

impl CreateToken<'_> {
    /// Makes it by this JWT template. Such a token has no `sid`.
    pub fn template(mut self, name: impl Into<String>) -> Self {
        self.template = Some(name.into());
        self
    }

    /// How long it is to live: whole seconds, 30 at least. A minute by default.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    /// Asks.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] for a lifetime that Clerk does not take, [`ErrorKind::NotFound`] when the session is
    /// over; what else Clerk's answer means.
    pub async fn send(self) -> Result<AccessToken> {
        let seconds = self.expires_in.map(|lifetime| lifetime.as_secs());
        if seconds.is_some_and(|seconds| !LIFETIMES.contains(&seconds)) {
            return Err(Error::new(
                ErrorKind::Validation,
                "a session token lives for 30 seconds to ten years",
            )
            .with_provider(crate::PROVIDER)
            .with_operation(TOKEN.name));
        }
        let (operation, path) = match &self.template {
            None => (TOKEN, expand_path(TOKEN.path, &[self.session.as_str()])),
            Some(template) => (
                TEMPLATE_TOKEN,
                expand_path(TEMPLATE_TOKEN.path, &[self.session.as_str(), template]),
            ),
        };
        let body = match seconds {
            Some(seconds) => json!({"expires_in_seconds": seconds}),
            None => json!({}),
        };
        let reply = self.client.post(operation, path?, &body).await?;
        Ok(reply.json::<TokenAnswer>()?.jwt)
    }
}
