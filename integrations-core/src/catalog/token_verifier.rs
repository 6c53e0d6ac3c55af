use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::Caller;
use crate::Result;

/// Who can say whose token it is: what an [`Upstream`](super::Upstream) leaves the proof of its callers to, so that a
/// system and its identity provider need not know each other.
#[async_trait]
pub trait TokenVerifier: fmt::Debug + Send + Sync {
    /// Who holds this token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when nobody does, [`ErrorKind::Connect`](crate::ErrorKind::Connect)
    /// when the keys that would tell cannot be had.
    async fn verify(&self, token: &str) -> Result<Caller>;
}

#[async_trait]
impl<T: TokenVerifier + ?Sized> TokenVerifier for Arc<T> {
    async fn verify(&self, token: &str) -> Result<Caller> {
        (**self).verify(token).await
    }
}
