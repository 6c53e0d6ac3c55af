mod builder;
mod calls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use oauth2::StandardRevocableToken;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use url::Url;

use super::answer::Answer;
use super::{ClientAuth, OAuthProfile};
use crate::http::Pipeline;
use crate::{ClientSecret, Clock};

pub use builder::OAuthClientBuilder;

pub(super) type Crate = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// One application at one provider: starts authorizations and gets tokens. Cheap to clone.
///
/// Token calls follow no redirect and read at most a megabyte. They are tried again when they never left or were
/// refused unprocessed (429), and after other failures only when twice is once: a code, and a refresh token that
/// rotates, are never sent again after they may have arrived; such an error
/// [is of unknown outcome](crate::Error::is_outcome_unknown).
#[derive(Clone)]
pub struct OAuthClient(Arc<Inner>);

struct Inner {
    profile: Arc<OAuthProfile>,
    client_id: String,
    client_secret: Option<ClientSecret>,
    redirect_uri: Option<Url>,
    pipeline: Pipeline,
    revocation: Option<(Pipeline, Url)>,
    timeout: Duration,
    state_ttl: Duration,
}

impl OAuthClient {
    /// How the provider speaks OAuth.
    #[must_use]
    pub fn profile(&self) -> &OAuthProfile {
        &self.0.profile
    }

    /// The application's id at the provider.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// Where the user comes back to.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&Url> {
        self.0.redirect_uri.as_ref()
    }

    /// How long a token call may take in all.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    pub(super) fn state_ttl(&self) -> Duration {
        self.0.state_ttl
    }

    pub(super) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    pub(super) fn revocation(&self) -> Option<(&Pipeline, &Url)> {
        self.0
            .revocation
            .as_ref()
            .map(|(pipeline, url)| (pipeline, url))
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.0.pipeline.context().clock()
    }

    pub(super) fn crate_client(&self) -> Crate {
        let client = Crate::new(oauth2::ClientId::new(self.0.client_id.clone())).set_auth_type(
            match self.profile().client_auth {
                ClientAuth::Body => oauth2::AuthType::RequestBody,
                ClientAuth::Basic => oauth2::AuthType::BasicAuth,
            },
        );
        match &self.0.client_secret {
            Some(secret) => client
                .set_client_secret(oauth2::ClientSecret::new(secret.expose_secret().to_owned())),
            None => client,
        }
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("provider", &self.profile().provider)
            .field("client_id", &self.0.client_id)
            .finish_non_exhaustive()
    }
}
