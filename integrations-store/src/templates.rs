//! Templates that an administrator makes at run time. Those that come with a provider are code, not rows.

use integrations_core::{Error, ErrorKind, Result, TemplateId, Timestamp};
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use crate::check::{Check, DOCUMENT, SHORT};
use crate::columns::template_columns;
use crate::error::Corrupt;
use crate::session::{execute, fetch_all, fetch_optional, from_row};
use crate::{Store, time};

/// One run-time template as it is stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredTemplate {
    /// Its id.
    pub id: TemplateId,
    /// Its name in code and URLs.
    pub slug: String,
    /// The provider whose client its integrations use.
    pub provider: String,
    /// The template itself: names, category, JSON Schema, setup guide.
    pub definition: Value,
    /// Whether new integrations may be made from it.
    pub active: bool,
    /// Grows with every change.
    pub version: u64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

from_row!(StoredTemplate, |row| {
    let slug: String = row.try_get("slug")?;
    let broken = |column| {
        sqlx::Error::Decode(Box::new(Corrupt(format!(
            "templates {slug}: {column} is not readable"
        ))))
    };
    let at = |column| -> sqlx::Result<_> {
        time::from_micros(row.try_get(column)?).map_err(|_| broken(column))
    };
    Ok(Self {
        id: row.try_get::<Uuid, _>("id")?.into(),
        provider: row.try_get("provider")?,
        definition: serde_json::from_str(row.try_get("definition")?)
            .map_err(|_| broken("definition"))?,
        active: row.try_get("active")?,
        version: u64::try_from(row.try_get::<i64, _>("version")?).map_err(|_| broken("version"))?,
        created_by: row.try_get("created_by")?,
        created_at: at("created_at")?,
        updated_at: at("updated_at")?,
        slug,
    })
});

/// The run-time templates of a [`Store`]. They belong to the deployment, not to a tenant.
#[derive(Debug, Clone)]
pub struct Templates(Store);

impl Store {
    /// The run-time templates.
    #[must_use]
    pub fn templates(&self) -> Templates {
        Templates(self.clone())
    }
}

impl Templates {
    /// Stores a new template.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `slug` when the slug is taken, [`ErrorKind::Validation`],
    /// [`ErrorKind::Store`].
    pub async fn create(
        &self,
        slug: &str,
        provider: &str,
        definition: &Value,
        actor: &str,
    ) -> Result<StoredTemplate> {
        let definition = definition.to_string();
        Check::default()
            .text("/slug", slug, SHORT)
            .text("/provider", provider, SHORT)
            .text("/actor", actor, SHORT)
            .size("/definition", definition.len(), DOCUMENT)
            .done()?;
        let mut session = self.0.write("templates.create").await?;
        let stored = fetch_optional!(
            &mut session,
            StoredTemplate,
            concat!(
                "INSERT INTO main.templates (id, slug, provider, definition, active, version, created_by, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7) ON CONFLICT (slug) DO NOTHING RETURNING ",
                template_columns!()
            ),
            TemplateId::new().as_uuid(),
            slug,
            provider,
            definition.as_str(),
            true,
            actor,
            time::to_micros(self.0.now()),
        )?;
        session.commit().await?;
        stored.ok_or_else(|| {
            Error::new(ErrorKind::Conflict, "there is a template of this slug").with_code("slug")
        })
    }

    /// Reads one by slug.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn find(&self, slug: &str) -> Result<Option<StoredTemplate>> {
        let mut session = self.0.read("templates.find").await?;
        let sql = concat!(
            "SELECT ",
            template_columns!(),
            " FROM main.templates WHERE slug = $1"
        );
        let found = fetch_optional!(&mut session, StoredTemplate, sql, slug)?;
        session.commit().await?;
        Ok(found)
    }

    /// All of them, by slug.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(&self) -> Result<Vec<StoredTemplate>> {
        let mut session = self.0.read("templates.list").await?;
        let mut all = fetch_all!(
            &mut session,
            StoredTemplate,
            concat!("SELECT ", template_columns!(), " FROM main.templates")
        )?;
        session.commit().await?;
        all.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(all)
    }

    /// Changes one that still has this version. Integrations made from it keep their config; it is checked against the
    /// new schema when they are changed next.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `version` when it was changed meanwhile or is gone,
    /// [`ErrorKind::Validation`], [`ErrorKind::Store`].
    pub async fn update(
        &self,
        slug: &str,
        version: u64,
        definition: &Value,
        active: bool,
    ) -> Result<StoredTemplate> {
        let definition = definition.to_string();
        Check::default()
            .size("/definition", definition.len(), DOCUMENT)
            .done()?;
        let mut session = self.0.write("templates.update").await?;
        let stored = fetch_optional!(
            &mut session,
            StoredTemplate,
            concat!(
                "UPDATE main.templates SET definition = $3, active = $4, version = version + 1, updated_at = $5 \
             WHERE slug = $1 AND version = $2 RETURNING ",
                template_columns!()
            ),
            slug,
            i64::try_from(version).unwrap_or(i64::MAX),
            definition.as_str(),
            active,
            time::to_micros(self.0.now()),
        )?;
        session.commit().await?;
        stored.ok_or_else(|| {
            Error::new(
                ErrorKind::Conflict,
                "the template was changed meanwhile, or is gone",
            )
            .with_code("version")
        })
    }

    /// Deletes one; whether there was one.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `in_use` while an integration of any tenant is made from it,
    /// [`ErrorKind::Store`].
    pub async fn delete(&self, slug: &str) -> Result<bool> {
        let mut session = self.0.write("templates.delete").await?;
        let sql = "DELETE FROM main.templates WHERE slug = $1";
        let rows = execute!(&mut session, sql, slug).map_err(|error| match error.code() {
            Some("foreign_key") => Error::new(
                ErrorKind::Conflict,
                "integrations are made from this template: delete them first, or switch it off",
            )
            .with_code("in_use"),
            _ => error,
        })?;
        session.commit().await?;
        Ok(rows == 1)
    }
}
