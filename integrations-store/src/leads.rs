//! Leads: what the example application makes of contact webhooks.

use integrations_core::{IntegrationId, Result, TenantId, Timestamp, uuid_id};
use sqlx::Row as _;
use uuid::Uuid;

use crate::check::{Check, KEY, SHORT};
use crate::columns::lead_columns;
use crate::error::Corrupt;
use crate::session::{fetch_all, fetch_optional, from_row};
use crate::{Store, time};

uuid_id! {
    /// One lead.
    pub struct LeadId;
}

/// The most rows that one [`Leads::list`] returns.
const PAGE: u32 = 500;

/// What is known of a lead. What is `None` leaves the stored value as it is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LeadFields {
    /// The person's name.
    pub name: Option<String>,
    /// The e-mail address, normalised.
    pub email: Option<String>,
    /// The phone number in E.164.
    pub phone: Option<String>,
    /// The IANA time zone.
    pub timezone: Option<String>,
    /// When the provider says this was so: an older state never overwrites a newer one.
    pub occurred_at: Option<Timestamp>,
}

/// One lead as it is stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lead {
    /// Its id.
    pub id: LeadId,
    /// The integration it came through.
    pub integration: IntegrationId,
    /// The provider's id of the contact.
    pub external_id: String,
    /// The person's name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone number in E.164.
    pub phone: Option<String>,
    /// The IANA time zone.
    pub timezone: Option<String>,
    /// Where it came from, for example `gohighlevel`.
    pub source: String,
    /// When the provider says that this state was so.
    pub occurred_at: Option<Timestamp>,
    /// How often it was written.
    pub version: u64,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

from_row!(Lead, |row| {
    let id: Uuid = row.try_get("id")?;
    let broken = |column| {
        sqlx::Error::Decode(Box::new(Corrupt(format!(
            "leads {id}: {column} is not readable"
        ))))
    };
    let at = |column| -> sqlx::Result<_> {
        time::from_micros(row.try_get(column)?).map_err(|_| broken(column))
    };
    let occurred_at: Option<i64> = row.try_get("occurred_at")?;
    Ok(Self {
        id: id.into(),
        integration: row.try_get::<Uuid, _>("integration_id")?.into(),
        external_id: row.try_get("external_id")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        phone: row.try_get("phone")?,
        timezone: row.try_get("timezone")?,
        source: row.try_get("source")?,
        occurred_at: occurred_at
            .map(time::from_micros)
            .transpose()
            .map_err(|_| broken("occurred_at"))?,
        version: u64::try_from(row.try_get::<i64, _>("version")?).map_err(|_| broken("version"))?,
        created_at: at("created_at")?,
        updated_at: at("updated_at")?,
    })
});

/// What [`Leads::upsert`] did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Upserted {
    /// A new lead.
    Created(Lead),
    /// A lead that was there.
    Updated(Lead),
    /// Nothing: what is stored is newer.
    Stale,
}

/// The leads of a [`Store`].
#[derive(Debug, Clone)]
pub struct Leads(Store);

impl Store {
    /// The leads.
    #[must_use]
    pub fn leads(&self) -> Leads {
        Leads(self.clone())
    }
}

impl Leads {
    /// Writes a lead: one per tenant, integration and external id.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when a text is too long,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn upsert(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        external_id: &str,
        source: &str,
        fields: &LeadFields,
    ) -> Result<Upserted> {
        Check::default()
            .text("/externalId", external_id, KEY)
            .text("/source", source, SHORT)
            .optional("/name", fields.name.as_deref(), KEY)
            .optional("/email", fields.email.as_deref(), KEY)
            .optional("/phone", fields.phone.as_deref(), SHORT)
            .optional("/timezone", fields.timezone.as_deref(), SHORT)
            .done()?;
        let id = LeadId::new();
        let mut session = self.0.write("leads.upsert").await?;
        let lead = fetch_optional!(
            &mut session,
            Lead,
            concat!(
                "INSERT INTO main.leads (tenant_id, id, integration_id, external_id, name, email, phone, timezone, \
             source, occurred_at, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11) \
             ON CONFLICT (tenant_id, integration_id, external_id) DO UPDATE SET \
             name = COALESCE(excluded.name, leads.name), email = COALESCE(excluded.email, leads.email), \
             phone = COALESCE(excluded.phone, leads.phone), timezone = COALESCE(excluded.timezone, leads.timezone), \
             source = excluded.source, occurred_at = COALESCE(excluded.occurred_at, leads.occurred_at), \
             version = leads.version + 1, updated_at = excluded.updated_at \
             WHERE excluded.occurred_at IS NULL OR leads.occurred_at IS NULL \
             OR excluded.occurred_at >= leads.occurred_at RETURNING ",
                lead_columns!()
            ),
            tenant.as_str(),
            id.as_uuid(),
            integration.as_uuid(),
            external_id,
            fields.name.as_deref(),
            fields.email.as_deref(),
            fields.phone.as_deref(),
            fields.timezone.as_deref(),
            source,
            fields.occurred_at.map(time::to_micros),
            time::to_micros(self.0.now()),
        )?;
        session.commit().await?;
        Ok(match lead {
            None => Upserted::Stale,
            Some(lead) if lead.id == id => Upserted::Created(lead),
            Some(lead) => Upserted::Updated(lead),
        })
    }

    /// Reads the lead of one contact.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        external_id: &str,
    ) -> Result<Option<Lead>> {
        let mut session = self.0.read("leads.find").await?;
        let lead = fetch_optional!(
            &mut session,
            Lead,
            concat!(
                "SELECT ",
                lead_columns!(),
                " FROM main.leads WHERE tenant_id = $1 AND integration_id = $2 AND external_id = $3"
            ),
            tenant.as_str(),
            integration.as_uuid(),
            external_id,
        )?;
        session.commit().await?;
        Ok(lead)
    }

    /// The tenant's leads in order of creation, at most 500 at a time: those after the id `after`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn list(
        &self,
        tenant: &TenantId,
        after: Option<LeadId>,
        limit: u32,
    ) -> Result<Vec<Lead>> {
        let mut session = self.0.read("leads.list").await?;
        let leads = fetch_all!(
            &mut session,
            Lead,
            concat!(
                "SELECT ",
                lead_columns!(),
                " FROM main.leads WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3"
            ),
            tenant.as_str(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(leads)
    }

    /// Forgets the lead of one contact; whether there was one.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn delete(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        external_id: &str,
    ) -> Result<bool> {
        let mut session = self.0.write("leads.delete").await?;
        let rows = crate::session::execute!(
            &mut session,
            "DELETE FROM main.leads WHERE tenant_id = $1 AND integration_id = $2 AND external_id = $3",
            tenant.as_str(),
            integration.as_uuid(),
            external_id,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }
}
