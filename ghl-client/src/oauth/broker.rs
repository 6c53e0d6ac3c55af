mod locations;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use integrations_core::Result;
use integrations_core::http::TokenSource;
use integrations_core::oauth::{DerivedTokens, OAuthTokens};
use jiff::{SignedDuration, Timestamp};

use self::locations::Locations;
use super::installation::issued_at;
use super::{LocationTokenExchange, app_of};
use crate::ids::{AppId, CompanyId, LocationId};
use crate::{Client, Location};

/// The provider's clock may be so far behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The tokens of a company's locations, each got with the company's token when it is needed. Cheap to clone; clones
/// share the tokens.
///
/// Any number of callers share one exchange per location, in this process and, through the stores of the company's
/// tokens, across processes. What is wrong with one location says nothing about the others. Tokens are exchanged anew
/// ahead of their end, and kept in the store beside the company's own.
///
/// In memory stay the locations whose tokens last, whose exchange failed in the last half minute, or that somebody
/// holds, and at most as many others: an id that is no location's takes no room for long.
///
/// ```no_run
/// # use ghl_client::Client;
/// # use ghl_client::oauth::LocationTokens;
/// # use integrations_core::oauth::OAuthTokens;
/// # async fn demo(client: Client, company: OAuthTokens) -> ghl_client::Result<()> {
/// let tokens = LocationTokens::new(&client, "company-id", company);
/// let location = tokens.location("location-id");
/// location.contacts().upsert().email("jane@example.com").send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LocationTokens(Arc<Inner>);

struct Inner {
    client: Client,
    company: CompanyId,
    app: AppId,
    tokens: OAuthTokens,
    locations: Mutex<Locations>,
}

impl LocationTokens {
    /// The tokens of this company's locations, over the connections of `client`, whatever token that client has itself.
    pub fn new(client: &Client, company: impl Into<CompanyId>, tokens: OAuthTokens) -> Self {
        let company = company.into();
        Self(Arc::new(Inner {
            client: client.with_tokens(tokens.clone(), company.as_str()),
            app: app_of(tokens.client().client_id()),
            company,
            tokens,
            locations: Mutex::default(),
        }))
    }

    /// The company.
    #[must_use]
    pub fn company(&self) -> &CompanyId {
        &self.0.company
    }

    /// The app that the tokens belong to.
    #[must_use]
    pub fn app(&self) -> &AppId {
        &self.0.app
    }

    /// A client with the company's own token.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The location, with a token of its own. Nothing is exchanged before the first call.
    #[must_use]
    pub fn location(&self, id: impl Into<LocationId>) -> Location {
        let id = id.into();
        let client = self.0.client.with_tokens(self.tokens(&id), id.as_str());
        client.location(id)
    }

    /// The source of the location's token.
    #[must_use]
    pub fn tokens(&self, id: &LocationId) -> DerivedTokens {
        let inner = &self.0;
        self.locations().tokens(id, || {
            let exchange = LocationTokenExchange::new(&inner.client, &inner.company, id);
            inner.tokens.derive(format!("location:{id}"), exchange)
        })
    }

    /// Makes sure that the location's token is there and lasts.
    ///
    /// # Errors
    /// What the exchange reports: [`ErrorKind::Permission`](crate::ErrorKind::Permission) with the code
    /// `location_inactive` while the location is paused or unpaid, see
    /// [`is_location_inactive`](super::is_location_inactive); what the stores report.
    pub async fn exchange(&self, id: impl Into<LocationId>) -> Result<()> {
        self.tokens(&id.into()).token().await.map(drop)
    }

    /// Forgets the location's token, here and in the store, because the app was uninstalled there. If it is asked for
    /// again, it is exchanged again.
    ///
    /// # Errors
    /// What the stores report.
    pub async fn forget(&self, id: impl Into<LocationId>) -> Result<()> {
        let id = id.into();
        self.tokens(&id).forget().await?;
        self.locations().remove(&id);
        Ok(())
    }

    /// Forgets the company's tokens and those of all its locations, because the app was uninstalled there. The company
    /// has to authorize the app again. Other processes notice within half a minute.
    ///
    /// # Errors
    /// What the stores report.
    pub async fn disconnect(&self) -> Result<()> {
        self.0.tokens.disconnect().await?;
        let locations = self.locations().all();
        for tokens in locations {
            // The store has forgotten them already; handles that are still about must do so too.
            tokens.forget().await?;
        }
        self.locations().sweep();
        Ok(())
    }

    /// Whether there are tokens, or there was an installation, after this time: of a location, or of the company.
    pub(super) async fn is_newer(&self, at: Timestamp, location: Option<&LocationId>) -> bool {
        let installed = self.installed(location);
        if installed.is_some_and(|installed| installed > at) {
            return true;
        }
        let stored = match location {
            Some(id) => self.tokens(id).stored().await,
            None => self.0.tokens.stored().await,
        };
        // Of what cannot be read, nothing is known.
        let issued = stored.ok().flatten().as_ref().and_then(issued_at);
        issued.is_some_and(|issued| issued.duration_since(at) > SKEW)
    }

    /// When the app was installed last, as far as this value was told.
    pub(super) fn installed(&self, location: Option<&LocationId>) -> Option<Timestamp> {
        self.locations().installed(location)
    }

    /// Remembers when the app was installed, in a location or the company.
    pub(super) fn set_installed(&self, at: Option<Timestamp>, location: Option<&LocationId>) {
        if let Some(at) = at {
            self.locations().set_installed(location, at);
        }
    }

    fn locations(&self) -> MutexGuard<'_, Locations> {
        self.0
            .locations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LocationTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocationTokens")
            .field("company", &self.0.company)
            .field("app", &self.0.app)
            .field("locations", &self.locations().len())
            .finish_non_exhaustive()
    }
}
