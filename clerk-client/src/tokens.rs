use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::TokenSource;
use integrations_core::{AccessToken, Clock, Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};

use crate::client::Client;
use crate::ids::{SessionId, UserId};
use crate::jwt;
use crate::sessions::SessionStatus;

/// A token is renewed this long before its end, or a fifth of its life when that is less.
const MARGIN: Duration = Duration::from_secs(30);

/// A token, and until when it is used.
#[derive(Debug)]
pub(crate) struct Held {
    token: AccessToken,
    until: Timestamp,
}

impl Held {
    /// Counts a life from when the token was asked for: how far the issuer's clock is from ours does not matter.
    pub(crate) fn lasting(token: AccessToken, asked: Timestamp, lifetime: Duration) -> Self {
        let used = lifetime - MARGIN.min(lifetime / 5);
        let used = SignedDuration::try_from(used).unwrap_or(SignedDuration::MAX);
        Self {
            token,
            until: asked.checked_add(used).unwrap_or(Timestamp::MAX),
        }
    }

    pub(crate) fn good(&self, now: Timestamp) -> Option<AccessToken> {
        (now < self.until).then(|| self.token.clone())
    }
}

/// Whose tokens they are.
#[derive(Debug, Clone)]
enum Whose {
    Session(SessionId),
    /// The newest active session of this user.
    User(UserId),
}

/// Session tokens of one user, minted through the Backend API: a [`TokenSource`] that renews itself before a token ends,
/// once for all who wait.
///
/// A token's life is read from the token, whatever was asked for. Whose it is has to be said: a service that took any
/// user of the instance would act with the rights of whoever that is.
///
/// ```no_run
/// use std::time::Duration;
/// use clerk_client::{Client, SessionTokens};
///
/// # fn demo() -> clerk_client::Result<()> {
/// let clerk = Client::from_env()?;
/// let tokens = SessionTokens::for_user(&clerk, "user_2service").expires_in(Duration::from_secs(3600));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SessionTokens {
    client: Client,
    whose: Whose,
    template: Option<String>,
    expires_in: Option<Duration>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    held: Mutex<Option<Held>>,
    /// The session that the user's tokens come from.
    session: Mutex<Option<SessionId>>,
    flight: Flight,
}

type Flight = crate::flight::Flight<AccessToken>;

impl SessionTokens {
    /// Tokens of this session.
    #[must_use]
    pub fn for_session(client: &Client, session: impl Into<SessionId>) -> Self {
        Self::new(client, Whose::Session(session.into()))
    }

    /// Tokens of this user's newest active session. When it ends, the next one is taken.
    #[must_use]
    pub fn for_user(client: &Client, user: impl Into<UserId>) -> Self {
        Self::new(client, Whose::User(user.into()))
    }

    fn new(client: &Client, whose: Whose) -> Self {
        Self {
            client: client.clone(),
            whose,
            template: None,
            expires_in: None,
            shared: Arc::default(),
        }
    }

    /// Makes them by this JWT template. Such tokens have no `sid`, and many verifiers refuse them for that.
    #[must_use]
    pub fn template(mut self, name: impl Into<String>) -> Self {
        self.template = Some(name.into());
        self.shared = Arc::default();
        self
    }

    /// How long a token is to live; a minute when nothing is said.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self.shared = Arc::default();
        self
    }

    /// Forgets the token at hand.
    pub fn forget(&self) {
        *lock(&self.shared.held) = None;
    }

    fn good(&self) -> Option<AccessToken> {
        let now = self.client.pipeline.context().clock().now();
        lock(&self.shared.held).as_ref()?.good(now)
    }

    async fn minted(&self) -> Result<AccessToken> {
        let source = self.clone();
        let work = async move { source.mint().await };
        self.shared.flight.join(work).outcome().await
    }

    async fn mint(&self) -> Result<AccessToken> {
        let asked = self.client.pipeline.context().clock().now();
        let token = match &self.whose {
            Whose::Session(session) => self.ask(session).await?,
            Whose::User(user) => {
                let known = lock(&self.shared.session).clone();
                let token = match &known {
                    Some(session) => self.ask(session).await.map(Some).or_else(over)?,
                    None => None,
                };
                match token {
                    Some(token) => token,
                    None => self.ask(&self.session_of(user).await?).await?,
                }
            }
        };
        let lifetime = jwt::lifetime(token.expose_secret(), asked).ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "the session token does not say when it ends",
            )
            .with_provider(crate::PROVIDER)
        })?;
        *lock(&self.shared.held) = Some(Held::lasting(token.clone(), asked, lifetime));
        Ok(token)
    }

    async fn ask(&self, session: &SessionId) -> Result<AccessToken> {
        let mut create = self.client.sessions().create_token(session);
        if let Some(template) = &self.template {
            create = create.template(template);
        }
        if let Some(lifetime) = self.expires_in {
            create = create.expires_in(lifetime);
        }
        create.send().await
    }

    async fn session_of(&self, user: &UserId) -> Result<SessionId> {
        let sessions = self
            .client
            .sessions()
            .list()
            .user(user)
            .status(&SessionStatus::Active)
            .send()
            .await?;
        let usable = |session: &crate::sessions::Session| {
            // Whatever the filters did: only this user's, and only one that goes on.
            session.user_id.as_ref() == Some(user) && session.status == Some(SessionStatus::Active)
        };
        let newest = sessions.into_iter().find(usable).ok_or_else(|| {
            Error::new(
                ErrorKind::Auth,
                "the configured user has no active session: sign in once as that user",
            )
            .with_provider(crate::PROVIDER)
            .with_code("no-active-session")
        })?;
        *lock(&self.shared.session) = Some(newest.id.clone());
        Ok(newest.id)
    }
}

/// A session that is over is no failure: another is looked for.
fn over(error: Error) -> Result<Option<AccessToken>> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Validation => Ok(None),
        _ => Err(error),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl TokenSource for SessionTokens {
    async fn token(&self) -> Result<AccessToken> {
        match self.good() {
            Some(token) => Ok(token),
            None => self.minted().await,
        }
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        match self.good() {
            Some(token) if token.expose_secret() != refused.expose_secret() => Ok(Some(token)),
            _ => self.minted().await.map(Some),
        }
    }
}

impl fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTokens")
            .field("client", &self.client)
            .field("whose", &self.whose)
            .field("template", &self.template)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
