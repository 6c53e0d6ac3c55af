use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use integrations_core::template::{Template, TemplateSpec};
use integrations_core::{Error, ErrorKind, Result, TemplateId};

use super::IntegrationManager;
use crate::StoredTemplate;

/// Run-time templates, compiled once per version.
#[derive(Default)]
pub(super) struct CachedTemplates(Mutex<HashMap<TemplateId, (u64, Template)>>);

impl fmt::Debug for CachedTemplates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CachedTemplates")
    }
}

/// A template and where it comes from.
pub(super) struct Found {
    pub(super) template: Template,
    pub(super) provider: String,
    /// `None`: it comes with the provider.
    pub(super) id: Option<TemplateId>,
    pub(super) active: bool,
}

impl CachedTemplates {
    fn compiled(&self, row: &StoredTemplate) -> Result<Template> {
        let known = |entry: &(u64, Template)| (entry.0 == row.version).then(|| entry.1.clone());
        if let Some(template) = self.lock().get(&row.id).and_then(known) {
            return Ok(template);
        }
        let template = TemplateSpec::from_json(&row.definition)
            .and_then(Template::from_spec)
            .map_err(|_| {
                crate::error::corrupt(format!(
                    "templates {}: definition is not a usable template",
                    row.slug
                ))
            })?;
        self.lock().insert(row.id, (row.version, template.clone()));
        Ok(template)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TemplateId, (u64, Template)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IntegrationManager {
    /// All templates by slug: the providers' own and those made at run time.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn templates(&self) -> Result<Vec<Template>> {
        let mut all: Vec<Template> = self.0.providers.templates().cloned().collect();
        for row in self.0.store.templates().list().await? {
            all.push(self.0.templates.compiled(&row)?);
        }
        all.sort_by(|a, b| a.slug().cmp(b.slug()));
        Ok(all)
    }

    /// The template of a slug.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn template(&self, slug: &str) -> Result<Template> {
        self.find_template(slug).await.map(|found| found.template)
    }

    pub(super) async fn find_template(&self, slug: &str) -> Result<Found> {
        if let Ok(provider) = self.0.providers.get(slug) {
            let template = provider.template().clone();
            return Ok(Found {
                active: template.is_active(),
                template,
                provider: slug.to_owned(),
                id: None,
            });
        }
        let row = self.0.store.templates().find(slug).await?;
        let row = row
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no template of this slug"))?;
        Ok(Found {
            template: self.0.templates.compiled(&row)?,
            active: row.active,
            provider: row.provider,
            id: Some(row.id),
        })
    }

    /// Adds a template at run time; `provider` is the slug of the provider whose client its integrations use.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with every fault of the spec, [`ErrorKind::Conflict`] with the code `slug` when the slug
    /// is taken, [`ErrorKind::NotFound`] when there is no such provider, [`ErrorKind::Store`].
    pub async fn add_template(
        &self,
        provider: &str,
        spec: TemplateSpec,
        actor: &str,
    ) -> Result<Template> {
        self.0.providers.get(provider)?;
        let template = Template::from_spec(spec)?;
        if self.0.providers.get(template.slug()).is_ok() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "a provider's own template has this slug",
            )
            .with_code("slug"));
        }
        let definition = definition(&template)?;
        self.0
            .store
            .templates()
            .create(template.slug(), provider, &definition, actor)
            .await?;
        Ok(template)
    }

    /// Replaces a template that was made at run time. Its integrations keep working; their configs are judged by the
    /// new schema when they are changed next.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with every fault of the spec, [`ErrorKind::NotFound`], [`ErrorKind::Conflict`] when it
    /// is built in, was changed meanwhile, or the spec has another slug, [`ErrorKind::Store`].
    pub async fn update_template(&self, slug: &str, mut spec: TemplateSpec) -> Result<Template> {
        let row = self.runtime_template(slug).await?;
        if spec.slug.is_empty() {
            slug.clone_into(&mut spec.slug);
        }
        if spec.slug != slug {
            return Err(Error::new(
                ErrorKind::Conflict,
                "a template keeps its slug: add a new one instead",
            ));
        }
        spec.version = u32::try_from(row.version.saturating_add(1)).unwrap_or(u32::MAX);
        let template = Template::from_spec(spec)?;
        let definition = definition(&template)?;
        let templates = self.0.store.templates();
        templates
            .update(slug, row.version, &definition, template.is_active())
            .await?;
        Ok(template)
    }

    /// Deletes a template that was made at run time.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Conflict`] when it is built in, or with the code `in_use` while an
    /// integration is made from it, [`ErrorKind::Store`].
    pub async fn delete_template(&self, slug: &str) -> Result<()> {
        let row = self.runtime_template(slug).await?;
        self.0.store.templates().delete(slug).await?;
        self.0.templates.lock().remove(&row.id);
        Ok(())
    }

    async fn runtime_template(&self, slug: &str) -> Result<StoredTemplate> {
        if self.0.providers.get(slug).is_ok() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "a built-in template cannot be changed at run time",
            ));
        }
        let row = self.0.store.templates().find(slug).await?;
        row.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no template of this slug"))
    }
}

fn definition(template: &Template) -> Result<serde_json::Value> {
    serde_json::to_value(template)
        .map_err(|_| Error::new(ErrorKind::Other, "the template cannot be written as JSON"))
}
