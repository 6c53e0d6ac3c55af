//! Where Verity is, and the credentials for it.

use std::time::Duration;

use clap::Args;
use clerk_client::SessionTokens;
use examples::mcp::variable;
use integrations_core::{Error, Result};
use verity_client::Client;

/// Verity, and who calls it.
#[derive(Debug, Args)]
pub(crate) struct Verity {
    /// Where Verity answers; `http://localhost:3000` by default.
    #[arg(long, value_name = "URL", env = "VERITY_BASE_URL")]
    base_url: Option<String>,
    /// Take a base URL with http:// that is not on this machine. Credentials then travel in clear.
    #[arg(long)]
    plain_http: bool,
    /// The user whose newest active session the tokens come from: `user_…`.
    #[arg(long, value_name = "ID", env = "CLERK_USER_ID")]
    clerk_user: Option<String>,
    /// The session that the tokens come from: `sess_…`.
    #[arg(
        long,
        value_name = "ID",
        env = "CLERK_SESSION_ID",
        conflicts_with = "clerk_user"
    )]
    clerk_session: Option<String>,
}

impl Verity {
    /// A client with the environment's credentials.
    pub(crate) fn connect(&self, timeout: Duration) -> Result<Client> {
        let mut builder = Client::builder()
            .timeout(timeout)
            .user_agent(concat!("verity-mcp/", env!("CARGO_PKG_VERSION")))
            .allow_plain_http(self.plain_http);
        if let Some(url) = self.base_url.as_deref().map(str::trim)
            && !url.is_empty()
        {
            builder = builder.base_url(url);
        }
        let key = variable("VERITY_API_KEY");
        let tokens = self.tokens()?;
        if key.is_none() && tokens.is_none() {
            return Err(Error::config(
                "no credential for Verity: set VERITY_API_KEY, or CLERK_SECRET_KEY together with --clerk-user or --clerk-session",
            ));
        }
        if let Some(key) = key {
            builder = builder.service_key(key);
        }
        if let Some(tokens) = tokens {
            builder = builder.tokens(tokens);
        }
        builder.build()
    }

    /// Session tokens, when there is a key for them. Whose they are is never guessed.
    fn tokens(&self) -> Result<Option<SessionTokens>> {
        let has_key = variable("CLERK_SECRET_KEY").is_some();
        match (has_key, &self.clerk_session, &self.clerk_user) {
            (false, None, None) => Ok(None),
            (true, Some(session), _) => {
                let clerk = clerk_client::Client::from_env()?;
                Ok(Some(SessionTokens::for_session(&clerk, session.as_str())))
            }
            (true, None, Some(user)) => {
                let clerk = clerk_client::Client::from_env()?;
                Ok(Some(SessionTokens::for_user(&clerk, user.as_str())))
            }
            (true, None, None) => Err(Error::config(
                "CLERK_SECRET_KEY is set, but not whose tokens are wanted: name the user with --clerk-user, or the session with \
                 --clerk-session",
            )),
            (false, ..) => Err(Error::config(
                "--clerk-user and --clerk-session need CLERK_SECRET_KEY in the environment",
            )),
        }
    }
}
