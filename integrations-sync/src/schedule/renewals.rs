use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use integrations_core::provider::{Integration, Subscription};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use integrations_store::{
    Disconnected, DueSubscription, IntegrationManager, Store, StoredSubscription, Subscriptions,
};
use url::Url;

mod notice;
mod timing;

pub use notice::{RenewalNews, RenewalNotice, RenewalNotifier};

use timing::{again_after, renew_at};

/// How long one renewal may take.
const ATTEMPT: Duration = Duration::from_secs(60);
/// How long a claim is held.
const LEASE: Duration = Duration::from_secs(180);
/// How many renewals run at the same time.
const PARALLEL: usize = 8;
/// After so many failures in a row somebody is told.
const TELL_AFTER: u32 = 3;

/// Where live connections come from: the [`IntegrationManager`].
#[async_trait]
pub trait Connections: Send + Sync {
    /// The live connection of an integration.
    ///
    /// # Errors
    /// As [`IntegrationManager::connect`].
    async fn connect(&self, tenant: &TenantId, id: IntegrationId) -> Result<Arc<dyn Integration>>;

    /// Hears how a call through it went.
    async fn record(&self, tenant: &TenantId, id: IntegrationId, outcome: Result<(), &Error>) {
        let _ = (tenant, id, outcome);
    }
}

#[async_trait]
impl Connections for IntegrationManager {
    async fn connect(&self, tenant: &TenantId, id: IntegrationId) -> Result<Arc<dyn Integration>> {
        Self::connect(self, tenant, id).await
    }

    async fn record(&self, tenant: &TenantId, id: IntegrationId, outcome: Result<(), &Error>) {
        if let Err(error) = Self::record(self, tenant, id, outcome).await {
            tracing::warn!(%tenant, integration = %id, %error, "how a renewal went cannot be recorded");
        }
    }
}

/// Keeps subscriptions to providers' webhooks alive: made, renewed at two thirds of their life, made again when they are
/// lost, ended with their integration. Cheap to clone; any number of processes may work.
///
/// A renewal that fails is tried again often enough before the end; somebody is told when it keeps failing, once, and
/// when a subscription had lapsed, since events are missing then.
///
/// A process that dies between a provider's answer and its own commit leaves a subscription that nobody knows; its
/// events are told apart as repetitions, and it ends by itself.
#[derive(Clone)]
pub struct Renewals(Arc<Inner>);

struct Inner {
    store: Store,
    subscriptions: Subscriptions,
    connections: Arc<dyn Connections>,
    notifier: Option<Arc<dyn RenewalNotifier>>,
}

/// Builds [`Renewals`].
#[must_use]
pub struct RenewalsBuilder {
    store: Store,
    connections: Arc<dyn Connections>,
    notifier: Option<Arc<dyn RenewalNotifier>>,
}

impl RenewalsBuilder {
    /// Hears of renewals that keep failing, and of subscriptions that had lapsed.
    pub fn notifier(mut self, notifier: impl RenewalNotifier + 'static) -> Self {
        self.notifier = Some(Arc::new(notifier));
        self
    }

    /// The renewals.
    #[must_use]
    pub fn build(self) -> Renewals {
        Renewals(Arc::new(Inner {
            subscriptions: self.store.subscriptions(),
            store: self.store,
            connections: self.connections,
            notifier: self.notifier,
        }))
    }
}

impl fmt::Debug for RenewalsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewalsBuilder").finish_non_exhaustive()
    }
}

/// How one renewal went.
#[derive(Debug)]
#[non_exhaustive]
pub enum Renewed {
    /// Nothing is to be done now: it is not due, somebody else is at it, or it is not there.
    NotDue,
    /// It lives on; due again then, if ever.
    Until(Option<Timestamp>),
    /// It could not be renewed; it is tried again after this time.
    Failed(Error, Duration),
}

impl Renewals {
    /// Renewals of this store's subscriptions, through these connections.
    pub fn builder(store: &Store, connections: impl Connections + 'static) -> RenewalsBuilder {
        RenewalsBuilder {
            store: store.clone(),
            connections: Arc::new(connections),
            notifier: None,
        }
    }

    /// Subscribes an integration to its provider's webhooks at this URL and keeps the subscription from then on. With
    /// one that is there nothing happens; a provider that cannot be reached is tried again. `name` tells several
    /// subscriptions of an integration apart; empty is a name too.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with the code `unsupported` where webhooks are set up at the provider by hand, and what the
    /// provider refuses for good: nothing is kept then. As [`Subscriptions::want`].
    pub async fn subscribe(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        name: &str,
        url: &Url,
    ) -> Result<StoredSubscription> {
        let wanted = self
            .0
            .subscriptions
            .want(tenant, integration, name, url)
            .await?;
        if wanted.subscription.is_some() {
            return Ok(wanted);
        }
        match self.renew(tenant, integration, name).await? {
            Renewed::Failed(error, _) if !may_pass(&error) => {
                self.0
                    .subscriptions
                    .remove(tenant, integration, name)
                    .await?;
                Err(error)
            }
            _ => {
                let all = self.0.subscriptions.list(tenant, integration).await?;
                Ok(all
                    .into_iter()
                    .find(|row| row.name == name)
                    .unwrap_or(wanted))
            }
        }
    }

    /// Renews one subscription if it is due.
    ///
    /// # Errors
    /// [`ErrorKind::Store`]. A provider that fails is no error.
    pub async fn renew(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        name: &str,
    ) -> Result<Renewed> {
        let claimed = self
            .0
            .subscriptions
            .claim(tenant, integration, name, LEASE)
            .await?;
        let Some(due) = claimed else {
            return Ok(Renewed::NotDue);
        };
        let attempt = tokio::time::timeout(ATTEMPT, self.attempt(&due)).await;
        let outcome = attempt.unwrap_or_else(|_| Err(took_too_long()));
        let connections = &self.0.connections;
        connections
            .record(tenant, integration, outcome.as_ref().map(|_| ()))
            .await;
        match outcome {
            Ok(made) => self.keep(&due, made).await,
            Err(error) => self.give_back(&due, error).await,
        }
    }

    /// Renews up to `limit` due subscriptions of all tenants, some at the same time: how many live on, and how many
    /// could not be renewed.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn renew_due(&self, limit: u32) -> Result<(usize, usize)> {
        let due = self.0.store.deployment().due_subscriptions(limit).await?;
        let mut renewals = futures_util::stream::iter(due)
            .map(|(tenant, id, name)| async move { self.renew(&tenant, id, &name).await })
            .buffer_unordered(PARALLEL);
        let (mut renewed, mut failed, mut broken) = (0, 0, None);
        while let Some(done) = renewals.next().await {
            match done {
                Ok(Renewed::Until(_)) => renewed += 1,
                Ok(Renewed::Failed(..)) => failed += 1,
                Ok(Renewed::NotDue) => {}
                Err(error) => broken = Some(error),
            }
        }
        match broken {
            None => Ok((renewed, failed)),
            Some(error) => Err(error),
        }
    }

    /// Ends all subscriptions of an integration, at the provider as far as it can be reached: how many it confirmed.
    /// Call it before the credential goes.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn end(&self, tenant: &TenantId, integration: IntegrationId) -> Result<usize> {
        let all = self.0.subscriptions.list(tenant, integration).await?;
        if all.is_empty() {
            return Ok(0);
        }
        let connection = self.0.connections.connect(tenant, integration).await.ok();
        let mut confirmed = 0;
        for row in all {
            // First here: a renewal that is on its way undoes itself then.
            self.0
                .subscriptions
                .remove(tenant, integration, &row.name)
                .await?;
            if let (Some(connection), Some(subscription)) = (&connection, &row.subscription) {
                confirmed += usize::from(unsubscribe(&**connection, &row, subscription).await);
            }
        }
        Ok(confirmed)
    }

    /// Ends an integration's subscriptions and then disconnects it: see [`IntegrationManager::disconnect`].
    ///
    /// # Errors
    /// As [`IntegrationManager::disconnect`].
    pub async fn disconnect(
        &self,
        manager: &IntegrationManager,
        tenant: &TenantId,
        integration: IntegrationId,
        actor: &str,
    ) -> Result<Disconnected> {
        self.end(tenant, integration).await?;
        manager.disconnect(tenant, integration, actor).await
    }

    async fn attempt(&self, due: &DueSubscription) -> Result<Made> {
        let row = &due.row;
        let connection = self
            .0
            .connections
            .connect(&row.tenant, row.integration)
            .await?;
        let mut lapsed = false;
        let mut replaced = None;
        if let Some(subscription) = &row.subscription {
            let ended = subscription
                .expires_at
                .is_some_and(|until| until <= due.now);
            match connection.renew(subscription).await {
                Ok(renewed) => {
                    return Ok(Made {
                        subscription: renewed,
                        connection,
                        replaced: None,
                        lapsed: ended,
                        fresh: false,
                    });
                }
                Err(error) if error.code() == Some("unsupported") => {
                    replaced = Some(subscription.clone());
                    lapsed = ended;
                }
                Err(error) if error.kind() == ErrorKind::NotFound || ended => lapsed = true,
                Err(error) => return Err(error),
            }
        }
        let subscription = connection.subscribe(&row.url).await?;
        Ok(Made {
            lapsed: lapsed || (row.subscription.is_none() && row.notified),
            replaced,
            subscription,
            connection,
            fresh: true,
        })
    }

    async fn keep(&self, due: &DueSubscription, made: Made) -> Result<Renewed> {
        let row = &due.row;
        let next = renew_at(due.now, made.subscription.expires_at);
        let ours = self
            .0
            .subscriptions
            .renewed(due, &made.subscription, next)
            .await?;
        if !ours {
            // Ended meanwhile, or taken over by another process: what was made here would be nobody's.
            if made.fresh {
                unsubscribe(&*made.connection, row, &made.subscription).await;
            }
            return Ok(Renewed::NotDue);
        }
        if let Some(old) = made.replaced.filter(|old| old.id != made.subscription.id) {
            unsubscribe(&*made.connection, row, &old).await;
        }
        if made.lapsed {
            self.tell(row, RenewalNews::Lapsed);
        } else if row.notified {
            self.tell(row, RenewalNews::Recovered);
        }
        Ok(Renewed::Until(next))
    }

    async fn give_back(&self, due: &DueSubscription, error: Error) -> Result<Renewed> {
        let row = &due.row;
        let until = row.subscription.as_ref().and_then(|one| one.expires_at);
        let wait = again_after(row.failures, due.now, until, error.retry_after());
        let late =
            until.is_some_and(|until| due.now.checked_add(wait).is_ok_and(|again| again >= until));
        let tell = !may_pass(&error) || row.failures + 1 >= TELL_AFTER || late;
        let ours = self
            .0
            .subscriptions
            .failed(due, error.kind(), wait, false, row.notified || tell)
            .await?;
        tracing::warn!(tenant = %row.tenant, integration = %row.integration, kind = error.kind().as_str(),
            failures = row.failures + 1, "a subscription could not be renewed");
        if ours && tell && !row.notified {
            self.tell(row, RenewalNews::Failing);
        }
        Ok(Renewed::Failed(error, wait))
    }

    fn tell(&self, row: &StoredSubscription, news: RenewalNews) {
        if let Some(notifier) = &self.0.notifier {
            notifier.notify(RenewalNotice::new(row, news));
        }
    }
}

/// What the provider gave.
struct Made {
    subscription: Subscription,
    connection: Arc<dyn Integration>,
    /// One that cannot be renewed, and whose place this one takes.
    replaced: Option<Subscription>,
    /// Whether there was a time without a subscription.
    lapsed: bool,
    /// Whether it was not there before.
    fresh: bool,
}

/// Whether trying again may help although nothing is changed here.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() || error.is_outcome_unknown()
}

fn took_too_long() -> Error {
    Error::new(ErrorKind::Timeout, "the renewal took too long").with_retryable(true)
}

/// As far as the provider can be reached; whether it confirmed.
async fn unsubscribe(
    connection: &dyn Integration,
    row: &StoredSubscription,
    subscription: &Subscription,
) -> bool {
    match tokio::time::timeout(ATTEMPT, connection.unsubscribe(subscription)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => true,
        Ok(Err(error)) => {
            tracing::warn!(tenant = %row.tenant, integration = %row.integration, kind = error.kind().as_str(),
                "a subscription could not be ended at the provider");
            false
        }
        Err(_) => false,
    }
}

impl fmt::Debug for Renewals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewals")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
