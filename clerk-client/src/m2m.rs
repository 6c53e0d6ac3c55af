//! Machine tokens: Clerk's way for services to prove themselves to services.
//!
//! <https://clerk.com/docs/guides/development/machine-auth/m2m-tokens>

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use integrations_core::http::{Idempotency, Operation, TokenSource};
use integrations_core::{AccessToken, Clock, Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client::{Client, operation};
use crate::flight::Flight;
use crate::ids::{MachineId, MachineTokenId};
use crate::reason::Reason;
use crate::tokens::Held;

// Every creation is billed.
const CREATE: Operation = operation(
    "m2m_tokens.create",
    Method::POST,
    "/m2m_tokens",
    Idempotency::Unsafe,
);
const VERIFY: Operation = operation(
    "m2m_tokens.verify",
    Method::POST,
    "/m2m_tokens/verify",
    Idempotency::Safe,
);

integrations_core::open_enum! {
    /// How a machine token is written.
    pub enum TokenFormat {
        /// A reference that only Clerk can verify, and that can be revoked.
        Opaque = "opaque",
        /// A JWT that verifies without asking, and that cannot be revoked.
        Jwt = "jwt",
    }
}

/// A machine token. `Debug` does not show the token.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct MachineToken {
    /// Its id.
    pub id: MachineTokenId,
    /// The machine.
    pub subject: MachineId,
    /// The machines that it may call.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What was put into it.
    #[serde(default)]
    pub claims: Option<Map<String, Value>>,
    /// The token itself, when it was just created.
    #[serde(default)]
    pub token: Option<AccessToken>,
    /// Whether it was revoked.
    #[serde(default)]
    pub revoked: bool,
    /// Whether it has expired.
    #[serde(default)]
    pub expired: bool,
    /// When it expires; never when there is none.
    #[serde(
        default,
        deserialize_with = "integrations_core::lenient::timestamp_option"
    )]
    pub expiration: Option<Timestamp>,
}

/// The operations: see [`Client::m2m_tokens`].
#[derive(Debug, Clone, Copy)]
pub struct M2mTokens<'a>(pub(crate) &'a Client);

impl<'a> M2mTokens<'a> {
    /// A new token of the machine whose secret key the client has.
    pub fn create(&self) -> CreateMachineToken<'a> {
        CreateMachineToken {
            client: self.0,
            settings: Settings::default(),
        }
    }

    /// Asks Clerk about a token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] with [`Reason::TokenInvalid`] or [`Reason::Expired`] when it is not good;
    /// what else Clerk's answer means.
    pub async fn verify(&self, token: &str) -> Result<MachineToken> {
        let reply = self
            .0
            .post(VERIFY, VERIFY.path, &json!({"token": token}))
            .await;
        let answer = match reply {
            // What Clerk does not know was refused, not the secret key.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation) => {
                return Err(Reason::TokenInvalid.into());
            }
            other => other?.json::<MachineToken>()?,
        };
        if answer.revoked {
            return Err(Reason::TokenInvalid.into());
        }
        if answer.expired {
            return Err(Reason::Expired.into());
        }
        Ok(answer)
    }
}

#[derive(Debug, Clone, Default)]
struct Settings {
    lifetime: Option<Duration>,
    format: Option<TokenFormat>,
    claims: Option<Map<String, Value>>,
}

impl Settings {
    fn body(&self) -> Value {
        let mut body = Map::new();
        if let Some(lifetime) = self.lifetime {
            body.insert("seconds_until_expiration".into(), lifetime.as_secs().into());
        }
        if let Some(format) = &self.format {
            body.insert("token_format".into(), format.as_str().into());
        }
        if let Some(claims) = &self.claims {
            body.insert("claims".into(), claims.clone().into());
        }
        Value::Object(body)
    }
}

/// A machine token to ask for.
#[derive(Debug)]
#[must_use = "nothing is asked before `send`"]
pub struct CreateMachineToken<'a> {
    client: &'a Client,
    settings: Settings,
}

impl CreateMachineToken<'_> {
    /// How long it is to live, in whole seconds; for ever by default.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = Some(lifetime);
        self
    }

    /// How it is written; [`TokenFormat::Opaque`] by default.
    pub fn format(mut self, format: TokenFormat) -> Self {
        self.settings.format = Some(format);
        self
    }

    /// What is put into it.
    pub fn claims(mut self, claims: Map<String, Value>) -> Self {
        self.settings.claims = Some(claims);
        self
    }

    /// Asks. Not repeated when it may have arrived: every token is billed.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] for a lifetime of less than a second; what Clerk's answer means.
    pub async fn send(self) -> Result<MachineToken> {
        if self
            .settings
            .lifetime
            .is_some_and(|life| life.as_secs() == 0)
        {
            return Err(Error::new(
                ErrorKind::Validation,
                "a machine token lives for a second at least",
            )
            .with_provider(crate::PROVIDER)
            .with_operation(CREATE.name));
        }
        let body = self.settings.body();
        self.client.post(CREATE, CREATE.path, &body).await?.json()
    }
}

/// A machine's own token for calls to others: created when it is needed, again shortly before it ends, and once for all
/// who wait for it.
pub struct MachineTokens(Arc<Inner>);

struct Inner {
    client: Client,
    settings: Settings,
    held: Mutex<Option<Held>>,
    flight: Flight<AccessToken>,
}

impl MachineTokens {
    /// Tokens of the machine whose secret key the client has, an hour long.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self::lasting(client, Duration::from_secs(3600))
    }

    /// Tokens that live this long.
    #[must_use]
    pub fn lasting(client: &Client, lifetime: Duration) -> Self {
        Self(Arc::new(Inner {
            client: client.clone(),
            settings: Settings {
                lifetime: Some(lifetime),
                ..Settings::default()
            },
            held: Mutex::new(None),
            flight: Flight::default(),
        }))
    }

    async fn create(&self) -> Result<AccessToken> {
        let inner = Arc::clone(&self.0);
        let work = async move {
            let clock = Arc::clone(inner.client.pipeline.context().clock());
            let asked = clock.now();
            let create = CreateMachineToken {
                client: &inner.client,
                settings: inner.settings.clone(),
            };
            let answer = create.send().await?;
            let token = answer.token.ok_or_else(|| {
                Error::new(
                    ErrorKind::Decode,
                    "the machine token is missing in the answer",
                )
                .with_provider(crate::PROVIDER)
                .with_operation(CREATE.name)
            })?;
            let lifetime = inner.settings.lifetime.unwrap_or_default();
            let held = Held::lasting(token.clone(), asked, lifetime);
            *inner.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
            Ok(token)
        };
        self.0.flight.join(work).outcome().await
    }

    fn good(&self, now: Timestamp) -> Option<AccessToken> {
        let held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref()?.good(now)
    }

    fn now(&self) -> Timestamp {
        self.0.client.pipeline.context().clock().now()
    }
}

#[async_trait]
impl TokenSource for MachineTokens {
    async fn token(&self) -> Result<AccessToken> {
        match self.good(self.now()) {
            Some(token) => Ok(token),
            None => self.create().await,
        }
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        match self.good(self.now()) {
            Some(token) if token.expose_secret() != refused.expose_secret() => Ok(Some(token)),
            _ => self.create().await.map(Some),
        }
    }
}

impl fmt::Debug for MachineTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MachineTokens")
            .field(&self.0.client)
            .finish()
    }
}

/// Verifies machine tokens of either format by asking Clerk about each.
///
/// A machine is never an administrator.
#[derive(Debug, Clone)]
pub struct MachineVerifier {
    client: Client,
    machines: Vec<MachineId>,
}

impl MachineVerifier {
    /// Takes the tokens of these machines only.
    #[must_use]
    pub fn new(client: &Client, machines: impl IntoIterator<Item = impl Into<MachineId>>) -> Self {
        Self {
            client: client.clone(),
            machines: machines.into_iter().map(Into::into).collect(),
        }
    }

    /// Who holds this token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`]: see [`Reason`]; what Clerk's answer means.
    pub async fn verify(&self, token: &str) -> Result<MachineToken> {
        let answer = self.client.m2m_tokens().verify(token).await?;
        if self.machines.contains(&answer.subject) {
            Ok(answer)
        } else {
            Err(Reason::InvalidAuthorizedParties.into())
        }
    }
}

#[cfg(feature = "catalog")]
#[async_trait]
impl integrations_core::catalog::TokenVerifier for MachineVerifier {
    async fn verify(&self, token: &str) -> Result<integrations_core::catalog::Caller> {
        let token = Self::verify(self, token).await.map_err(|error| {
            // Our own key was refused, which is no fault of the caller.
            match error.kind() {
                ErrorKind::Auth if Reason::of(&error).is_none() => Reason::SecretKeyInvalid.into(),
                _ => error,
            }
        })?;
        Ok(integrations_core::catalog::Caller::new(
            token.subject.as_str(),
        ))
    }
}
