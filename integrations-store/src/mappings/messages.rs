//! Which message was copied to which: once each.

use integrations_core::{Error, Result, TenantId};

use super::Side;
use crate::check::{Check, KEY};
use crate::session::{execute, fetch_optional};
use crate::{Store, error};

/// How a copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CopyState {
    /// Begun: whether it arrived is not known.
    Copying,
    /// Done.
    Copied,
    /// Not done: the person opted out.
    Blocked,
    /// Not done: the provider refused it.
    Refused,
    /// Begun by somebody who did not come back: a person has to look.
    Unknown,
}

impl CopyState {
    const ALL: [Self; 5] = [
        Self::Copying,
        Self::Copied,
        Self::Blocked,
        Self::Refused,
        Self::Unknown,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Copied => "copied",
            Self::Blocked => "blocked",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for CopyState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| error::corrupt("a stored copy's state is not one of its five words"))
    }
}

/// The message mappings of a [`Store`].
#[derive(Debug, Clone)]
pub struct MessageMappings(Store);

impl Store {
    /// The message mappings.
    #[must_use]
    pub fn message_mappings(&self) -> MessageMappings {
        MessageMappings(self.clone())
    }
}

impl MessageMappings {
    /// Begins to copy a message of a side: `None` when nobody did before, else how that stands and the copy's id.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn begin_copy(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        source_id: &str,
    ) -> Result<Option<(CopyState, Option<String>)>> {
        Check::default().text("/sourceId", source_id, KEY).done()?;
        let mut session = self.0.write("message_mappings.begin_copy").await?;
        let rows = execute!(
            &mut session,
            "INSERT INTO main.message_mappings (tenant_id, flow, side, source_id, state, created_at, updated_at) \
             SELECT $1, $2, $3, $4, 'copying', us, us FROM main.clock WHERE TRUE \
             ON CONFLICT (tenant_id, flow, side, source_id) DO NOTHING",
            tenant.as_str(),
            flow,
            side.as_str(),
            source_id,
        )?;
        let known = if rows == 1 {
            None
        } else {
            fetch_optional!(
                &mut session,
                (String, Option<String>),
                "SELECT state, target_id FROM main.message_mappings \
                 WHERE tenant_id = $1 AND flow = $2 AND side = $3 AND source_id = $4",
                tenant.as_str(),
                flow,
                side.as_str(),
                source_id,
            )?
        };
        session.commit().await?;
        known
            .map(|(state, target)| Ok((state.parse()?, target)))
            .transpose()
    }

    /// Notes how a copy ended; [`CopyState::Copying`] forgets that it was begun.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn finish_copy(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        source_id: &str,
        state: CopyState,
        target_id: Option<&str>,
    ) -> Result<()> {
        let mut session = self.0.write("message_mappings.finish_copy").await?;
        if state == CopyState::Copying {
            execute!(
                &mut session,
                "DELETE FROM main.message_mappings WHERE tenant_id = $1 AND flow = $2 AND side = $3 \
                 AND source_id = $4 AND state = 'copying'",
                tenant.as_str(),
                flow,
                side.as_str(),
                source_id,
            )?;
        } else {
            execute!(
                &mut session,
                "UPDATE main.message_mappings SET state = $5, target_id = $6, \
                 updated_at = (SELECT us FROM main.clock) \
                 WHERE tenant_id = $1 AND flow = $2 AND side = $3 AND source_id = $4",
                tenant.as_str(),
                flow,
                side.as_str(),
                source_id,
                state.as_str(),
                target_id,
            )?;
        }
        session.commit().await
    }

    /// How the copy of a message stands and its id; `None` when nobody has begun one.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find_copy(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        source_id: &str,
    ) -> Result<Option<(CopyState, Option<String>)>> {
        let mut session = self.0.read("message_mappings.find_copy").await?;
        let known = fetch_optional!(
            &mut session,
            (String, Option<String>),
            "SELECT state, target_id FROM main.message_mappings \
             WHERE tenant_id = $1 AND flow = $2 AND side = $3 AND source_id = $4",
            tenant.as_str(),
            flow,
            side.as_str(),
            source_id,
        )?;
        session.commit().await?;
        known
            .map(|(state, target)| Ok((state.parse()?, target)))
            .transpose()
    }

    /// Whether a message of a side is itself a copy of ours from the other side.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn is_copy(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        id: &str,
    ) -> Result<bool> {
        let mut session = self.0.read("message_mappings.is_copy").await?;
        let found = fetch_optional!(
            &mut session,
            (i64,),
            "SELECT CAST(1 AS BIGINT) FROM main.message_mappings WHERE tenant_id = $1 AND flow = $2 AND side = $3 \
             AND target_id = $4",
            tenant.as_str(),
            flow,
            side.other().as_str(),
            id,
        )?;
        session.commit().await?;
        Ok(found.is_some())
    }
}
