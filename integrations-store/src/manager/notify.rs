use std::sync::Arc;

use integrations_core::status::probe::Notification;
use integrations_core::{IntegrationId, TenantId};
use serde::Serialize;

/// Something that a person should hear of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notice {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which it is.
    pub integration: IntegrationId,
    /// The provider's slug.
    pub provider: String,
    /// The tenant's own name for it.
    pub name: String,
    /// What happened.
    pub notification: Notification,
}

/// Hears of integrations that begin to fail and of those that recover. It must not block: hand the notice on.
///
/// Closures and channel senders are notifiers. A notice is raised after its transaction has committed, so a crash in
/// between loses it; the status and the audit trail have it still.
pub trait Notifier: Send + Sync {
    /// Takes a notice.
    fn notify(&self, notice: Notice);
}

impl<F: Fn(Notice) + Send + Sync> Notifier for F {
    fn notify(&self, notice: Notice) {
        self(notice);
    }
}

impl Notifier for tokio::sync::mpsc::UnboundedSender<Notice> {
    fn notify(&self, notice: Notice) {
        if self.send(notice).is_err() {
            tracing::warn!("nobody listens to notices of integrations any more");
        }
    }
}

impl Notifier for Arc<dyn Notifier> {
    fn notify(&self, notice: Notice) {
        (**self).notify(notice);
    }
}
