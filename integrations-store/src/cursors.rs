//! How far each listing has been read: committed with the data that it covers.

use integrations_core::{Result, TenantId};

use crate::check::{Check, DOCUMENT, SHORT};
use crate::session::{execute, fetch_optional};
use crate::{Store, Transaction};

/// The cursors of a [`Store`].
#[derive(Debug, Clone)]
pub struct Cursors(Store);

impl Store {
    /// The cursors.
    #[must_use]
    pub fn cursors(&self) -> Cursors {
        Cursors(self.clone())
    }
}

impl Cursors {
    /// Where a listing of a flow goes on, as it was saved.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find(&self, tenant: &TenantId, flow: &str, name: &str) -> Result<Option<String>> {
        let mut session = self.0.read("cursors.find").await?;
        let found = fetch_optional!(
            &mut session,
            (String,),
            "SELECT position FROM main.cursors WHERE tenant_id = $1 AND flow = $2 AND name = $3",
            tenant.as_str(),
            flow,
            name,
        )?;
        session.commit().await?;
        Ok(found.map(|(position,)| position))
    }

    /// Moves a cursor in a transaction of the caller's: that of the rows which it covers.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn save_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        flow: &str,
        name: &str,
        position: &str,
    ) -> Result<()> {
        Check::default()
            .text("/name", name, SHORT)
            .text("/position", position, DOCUMENT)
            .done()?;
        execute!(
            transaction.session(),
            "INSERT INTO main.cursors (tenant_id, flow, name, position, updated_at) \
             VALUES ($1, $2, $3, $4, (SELECT us FROM main.clock)) \
             ON CONFLICT (tenant_id, flow, name) DO UPDATE SET position = excluded.position, \
             updated_at = excluded.updated_at",
            tenant.as_str(),
            flow,
            name,
            position,
        )?;
        Ok(())
    }

    /// Forgets a flow's cursors, so that everything is read again; how many there were.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn clear(&self, tenant: &TenantId, flow: &str) -> Result<u64> {
        let mut session = self.0.write("cursors.clear").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.cursors WHERE tenant_id = $1 AND flow = $2",
            tenant.as_str(),
            flow,
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
