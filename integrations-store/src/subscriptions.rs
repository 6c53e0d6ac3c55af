//! Subscriptions to providers' webhooks, which end unless they are renewed.

use std::time::Duration;

use integrations_core::provider::Subscription;
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use sqlx::Row as _;
use url::Url;
use uuid::Uuid;

use crate::check::{Check, KEY, LONG, SHORT};
use crate::error::Corrupt;
use crate::session::{execute, fetch_all, fetch_optional, from_row};
use crate::{Store, time};

macro_rules! subscription_columns {
    () => {
        "tenant_id, integration_id, name, url, provider_id, expires_at, renew_at, failures, notified, error_kind"
    };
}

/// One subscription as it is stored. `Debug` shows no URL: it may hold a token.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSubscription {
    /// Whose it is.
    pub tenant: TenantId,
    /// Of which integration.
    pub integration: IntegrationId,
    /// Its name in the integration.
    pub name: String,
    /// Where the provider calls.
    pub url: Url,
    /// What the provider knows; `None`: it is wanted, but not there yet or any more.
    pub subscription: Option<Subscription>,
    /// When something is to be done about it; `None` when it does not end.
    pub renew_at: Option<Timestamp>,
    /// How often the last renewal has failed.
    pub failures: u32,
    /// Whether somebody was told that it fails.
    pub notified: bool,
    /// Why it failed last: a word of [`ErrorKind`].
    pub error_kind: Option<String>,
}

impl std::fmt::Debug for StoredSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSubscription")
            .field("tenant", &self.tenant)
            .field("integration", &self.integration)
            .field("name", &self.name)
            .field("renew_at", &self.renew_at)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

from_row!(StoredSubscription, |row| {
    let id: Uuid = row.try_get("integration_id")?;
    let broken = |column| {
        sqlx::Error::Decode(Box::new(Corrupt(format!(
            "subscriptions {id}: {column} is not readable"
        ))))
    };
    let at = |column| -> sqlx::Result<Option<Timestamp>> {
        let micros: Option<i64> = row.try_get(column)?;
        let at = micros.map(time::from_micros).transpose();
        at.map_err(|_| broken(column))
    };
    let expires_at = at("expires_at")?;
    let provider_id: Option<String> = row.try_get("provider_id")?;
    Ok(Self {
        tenant: TenantId::new(row.try_get::<String, _>("tenant_id")?)
            .map_err(|_| broken("tenant_id"))?,
        integration: id.into(),
        name: row.try_get("name")?,
        url: row
            .try_get::<String, _>("url")?
            .parse()
            .map_err(|_| broken("url"))?,
        subscription: provider_id.map(|id| {
            let mut subscription = Subscription::new(id);
            subscription.expires_at = expires_at;
            subscription
        }),
        renew_at: at("renew_at")?,
        failures: u32::try_from(row.try_get::<i64, _>("failures")?)
            .map_err(|_| broken("failures"))?,
        notified: row.try_get("notified")?,
        error_kind: row.try_get("error_kind")?,
    })
});

/// A subscription that the caller works on until its lease ends.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DueSubscription {
    /// The subscription.
    pub row: StoredSubscription,
    /// The database's time.
    pub now: Timestamp,
    claim: Uuid,
}

/// The subscriptions of a [`Store`]. Times are the database's.
#[derive(Debug, Clone)]
pub struct Subscriptions(Store);

impl Store {
    /// The subscriptions to providers' webhooks.
    #[must_use]
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions(self.clone())
    }
}

impl Subscriptions {
    /// Wants a subscription: it is due at once, unless it is there with this URL.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when something is too long, [`ErrorKind::Conflict`] with the code `url` when it is there
    /// with another URL, [`ErrorKind::Store`], with the code `foreign_key` when the tenant has no such integration.
    pub async fn want(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        name: &str,
        url: &Url,
    ) -> Result<StoredSubscription> {
        Check::default()
            .optional("/name", Some(name), SHORT)
            .text("/url", url.as_str(), LONG)
            .done()?;
        let mut session = self.0.write("subscriptions.want").await?;
        let row = fetch_optional!(
            &mut session,
            StoredSubscription,
            concat!(
                "INSERT INTO main.subscriptions (tenant_id, integration_id, name, url, renew_at, failures, notified, \
                 created_at, updated_at) VALUES ($1, $2, $3, $4, (SELECT us FROM main.clock), 0, $5, \
                 (SELECT us FROM main.clock), (SELECT us FROM main.clock)) \
                 ON CONFLICT (tenant_id, integration_id, name) DO UPDATE SET updated_at = excluded.updated_at, \
                 renew_at = CASE WHEN subscriptions.provider_id IS NULL AND subscriptions.claim IS NULL \
                   THEN excluded.renew_at ELSE subscriptions.renew_at END \
                 WHERE subscriptions.url = excluded.url RETURNING ",
                subscription_columns!()
            ),
            tenant.as_str(),
            integration.as_uuid(),
            name,
            url.as_str(),
            false,
        )?;
        session.commit().await?;
        row.ok_or_else(|| {
            Error::new(
                ErrorKind::Conflict,
                "the subscription has another URL: end it first",
            )
            .with_code("url")
        })
    }

    /// The tenant's subscriptions of one integration, by name.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
    ) -> Result<Vec<StoredSubscription>> {
        let mut session = self.0.read("subscriptions.list").await?;
        let rows = fetch_all!(
            &mut session,
            StoredSubscription,
            concat!(
                "SELECT ",
                subscription_columns!(),
                " FROM main.subscriptions WHERE tenant_id = $1 AND integration_id = $2 ORDER BY name"
            ),
            tenant.as_str(),
            integration.as_uuid(),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Takes one that is due for `lease`; `None` when it is not, or somebody else has it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn claim(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        name: &str,
        lease: Duration,
    ) -> Result<Option<DueSubscription>> {
        let claim = Uuid::new_v4();
        let mut session = self.0.write("subscriptions.claim").await?;
        let (now,) = crate::session::fetch_one!(&mut session, (i64,), "SELECT us FROM main.clock")?;
        let row = fetch_optional!(
            &mut session,
            StoredSubscription,
            concat!(
                "UPDATE main.subscriptions SET claim = $4, renew_at = $5 + $6 \
                 WHERE tenant_id = $1 AND integration_id = $2 AND name = $3 AND renew_at <= $5 RETURNING ",
                subscription_columns!()
            ),
            tenant.as_str(),
            integration.as_uuid(),
            name,
            claim,
            now,
            time::span(lease),
        )?;
        session.commit().await?;
        let now = time::from_micros(now)?;
        Ok(row.map(|row| DueSubscription { row, now, claim }))
    }

    /// The provider has it now, until it says: due again at `renew_at`. Whether it still was the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the provider's id is too long, [`ErrorKind::Store`].
    pub async fn renewed(
        &self,
        due: &DueSubscription,
        subscription: &Subscription,
        renew_at: Option<Timestamp>,
    ) -> Result<bool> {
        Check::default()
            .text("/subscription/id", &subscription.id, KEY)
            .done()?;
        let mut session = self.0.write("subscriptions.renewed").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.subscriptions SET claim = NULL, provider_id = $5, expires_at = $6, renew_at = $7, \
             failures = 0, notified = $8, error_kind = NULL, updated_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND integration_id = $2 AND name = $3 AND claim = $4",
            due.row.tenant.as_str(),
            due.row.integration.as_uuid(),
            due.row.name.as_str(),
            due.claim,
            subscription.id.as_str(),
            subscription.expires_at.map(time::to_micros),
            renew_at.map(time::to_micros),
            false,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }

    /// It could not be renewed: due again after `wait`. `lost` says that the provider does not have it any more,
    /// `notified` that somebody is told. Whether it still was the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn failed(
        &self,
        due: &DueSubscription,
        error: ErrorKind,
        wait: Duration,
        lost: bool,
        notified: bool,
    ) -> Result<bool> {
        let mut session = self.0.write("subscriptions.failed").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.subscriptions SET claim = NULL, renew_at = (SELECT us FROM main.clock) + $5, \
             failures = failures + 1, notified = $6, error_kind = $7, \
             provider_id = CASE WHEN $8 = 1 THEN NULL ELSE provider_id END, \
             expires_at = CASE WHEN $8 = 1 THEN NULL ELSE expires_at END, \
             updated_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND integration_id = $2 AND name = $3 AND claim = $4",
            due.row.tenant.as_str(),
            due.row.integration.as_uuid(),
            due.row.name.as_str(),
            due.claim,
            time::span(wait),
            notified,
            error.as_str(),
            i64::from(lost),
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Forgets one; whether there was one. A renewal that is on its way changes nothing any more.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn remove(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        name: &str,
    ) -> Result<bool> {
        let mut session = self.0.write("subscriptions.remove").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.subscriptions WHERE tenant_id = $1 AND integration_id = $2 AND name = $3",
            tenant.as_str(),
            integration.as_uuid(),
            name,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }
}
