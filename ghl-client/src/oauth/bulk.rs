use std::collections::HashSet;

use futures_core::Stream;
use futures_util::{StreamExt, future};
use integrations_core::Result;

use super::{InstalledLocation, ListInstalledLocations, LocationTokens};
use crate::Call;

/// Enough to hide the way to the provider; the rate limit is the company's, 100 calls in 10 seconds.
const AT_ONCE: usize = 8;

/// The tokens of all locations that a company installed the app in: see [`LocationTokens::bulk_install`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before the stream is polled"]
pub struct BulkInstall {
    tokens: LocationTokens,
    list: Call<ListInstalledLocations>,
    at_once: usize,
}

/// One location of a bulk install.
#[derive(Debug)]
#[non_exhaustive]
pub struct BulkInstalled {
    /// The location.
    pub location: InstalledLocation,
    /// Whether its token is there. An error of one location does not stop the others.
    pub result: Result<()>,
}

impl LocationTokens {
    /// Gets the tokens of all locations that have the app. Scopes `oauth.readonly` and `oauth.write`.
    ///
    /// It can be run again at any time: tokens that last are not exchanged again. Locations that come later are told
    /// by the webhook `INSTALL`: see [`apply`](Self::apply).
    ///
    /// ```no_run
    /// # use futures_util::TryStreamExt;
    /// # async fn demo(tokens: ghl_client::oauth::LocationTokens) -> ghl_client::Result<()> {
    /// let mut installed = std::pin::pin!(tokens.bulk_install().run());
    /// while let Some(one) = installed.try_next().await? {
    ///     println!("{}: {}", one.location.id, one.result.is_ok());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn bulk_install(&self) -> BulkInstall {
        let oauth = self.client().oauth();
        let list = oauth.installed_locations(self.company(), self.app());
        BulkInstall {
            tokens: self.clone(),
            list: list.is_installed(true),
            at_once: AT_ONCE,
        }
    }
}

impl BulkInstall {
    /// How many exchanges are under way at once; 8 by default, at least 1.
    pub fn concurrency(mut self, at_once: usize) -> Self {
        self.at_once = at_once.max(1);
        self
    }

    /// The request that lists the locations, to narrow it or to change the size of its pages.
    pub fn request_mut(&mut self) -> &mut ListInstalledLocations {
        self.list.request_mut()
    }

    /// One item per location, in the order in which they are done. An error of the stream itself is one of the list,
    /// and the stream ends with it.
    pub fn run(self) -> impl Stream<Item = Result<BulkInstalled>> + Send + 'static {
        let Self {
            tokens,
            list,
            at_once,
        } = self;
        let mut seen = HashSet::new();
        list.items()
            .filter(move |item| {
                // Locations that come while we page move others to the next page.
                let new = |location: &InstalledLocation| {
                    location.is_installed != Some(false) && seen.insert(location.id.clone())
                };
                future::ready(item.as_ref().map_or(true, new))
            })
            .map(move |item| {
                let tokens = tokens.clone();
                async move {
                    let location = item?;
                    let result = tokens.exchange(&location.id).await;
                    Ok(BulkInstalled { location, result })
                }
            })
            .buffer_unordered(at_once)
    }
}
