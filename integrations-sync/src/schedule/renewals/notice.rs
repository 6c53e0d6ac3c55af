use integrations_core::{IntegrationId, TenantId};
use integrations_store::StoredSubscription;
use serde::Serialize;

/// What is to be told of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RenewalNews {
    /// Its renewal keeps failing: somebody should look before it ends.
    Failing,
    /// It lives on after all.
    Recovered,
    /// It had ended and was made again: what happened meanwhile did not arrive. Compare both sides.
    Lapsed,
}

/// Something that a person, or whoever compares both sides, should hear of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RenewalNotice {
    /// Whose it is.
    pub tenant: TenantId,
    /// Of which integration.
    pub integration: IntegrationId,
    /// Its name in the integration.
    pub subscription: String,
    /// What happened.
    pub news: RenewalNews,
}

impl RenewalNotice {
    pub(super) fn new(row: &StoredSubscription, news: RenewalNews) -> Self {
        Self {
            tenant: row.tenant.clone(),
            integration: row.integration,
            subscription: row.name.clone(),
            news,
        }
    }
}

/// Hears of subscriptions. It must not block: hand the notice on. Closures are notifiers.
pub trait RenewalNotifier: Send + Sync {
    /// Takes a notice.
    fn notify(&self, notice: RenewalNotice);
}

impl<F: Fn(RenewalNotice) + Send + Sync> RenewalNotifier for F {
    fn notify(&self, notice: RenewalNotice) {
        self(notice);
    }
}
