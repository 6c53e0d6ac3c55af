use integrations_core::TenantId;
use integrations_store::{EndpointId, EndpointState};
use serde::Serialize;

/// An endpoint is not served any more: its owner should hear of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointNotice {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which it is.
    pub endpoint: EndpointId,
    /// [`EndpointState::Gone`] or [`EndpointState::Failing`].
    pub state: EndpointState,
}

impl EndpointNotice {
    pub(super) fn new(tenant: TenantId, endpoint: EndpointId, state: EndpointState) -> Self {
        Self {
            tenant,
            endpoint,
            state,
        }
    }
}

/// Hears of endpoints that were disabled, once each. It must not block: hand the notice on. Closures are notifiers.
///
/// A notice is raised after its transaction has committed, so a crash in between loses it; the endpoint's state and the
/// audit trail have it still.
pub trait EndpointNotifier: Send + Sync {
    /// Takes a notice.
    fn notify(&self, notice: EndpointNotice);
}

impl<F: Fn(EndpointNotice) + Send + Sync> EndpointNotifier for F {
    fn notify(&self, notice: EndpointNotice) {
        self(notice);
    }
}
