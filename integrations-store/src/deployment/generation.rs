//! When what a process remembers of integrations is stale.

use integrations_core::Result;

use super::Deployment;
use crate::session::fetch_one;

impl Deployment {
    /// A number that grows whenever an integration is made, changed, proved or deleted, by whatever process: what was
    /// read of integrations under another number may be stale.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn generation(&self) -> Result<i64> {
        let mut session = self.0.read("deployment.generation").await?;
        let (generation,) = fetch_one!(
            &mut session,
            (i64,),
            "SELECT generation FROM main.generations WHERE tenant_id = '' AND name = 'integrations'"
        )?;
        session.commit().await?;
        Ok(generation)
    }
}
