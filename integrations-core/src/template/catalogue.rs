use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::{Origin, Template, TemplateSpec};
use crate::{Error, ErrorKind, Result};

/// The templates of an application: the providers' own, and those that admins add at run time.
///
/// It lives in memory; a store keeps the [`TemplateSpec`] of the run-time ones and adds them at start. Who may call
/// the changing functions is the application's business: an admin.
#[derive(Debug, Default)]
pub struct Catalogue(RwLock<BTreeMap<String, Template>>);

impl Catalogue {
    /// An empty catalogue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider's own template; a later one of the same slug replaces it.
    pub fn register(&self, template: Template) {
        self.write().insert(template.slug().into(), template);
    }

    /// Every template, by slug.
    #[must_use]
    pub fn list(&self) -> Vec<Template> {
        self.read().values().cloned().collect()
    }

    /// The template of a slug.
    #[must_use]
    pub fn find(&self, slug: &str) -> Option<Template> {
        self.read().get(slug).cloned()
    }

    /// Like [`find`](Self::find), with an error that says what is missing.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub fn get(&self, slug: &str) -> Result<Template> {
        self.find(slug).ok_or_else(missing)
    }

    /// Adds a run-time template.
    ///
    /// # Errors
    /// Those of [`Template::from_spec`]; [`ErrorKind::Conflict`] when the slug is taken.
    pub fn add(&self, spec: TemplateSpec) -> Result<Template> {
        let template = Template::from_spec(spec)?;
        let mut templates = self.write();
        if templates.contains_key(template.slug()) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "another template has this slug",
            ));
        }
        templates.insert(template.slug().into(), template.clone());
        Ok(template)
    }

    /// Replaces a run-time template; its version becomes one more than it was. Configs that were stored under the old
    /// one are judged by the new one when they are next changed or restored.
    ///
    /// # Errors
    /// Those of [`Template::from_spec`]; [`ErrorKind::NotFound`] when there is none; [`ErrorKind::Conflict`] when it
    /// is built in or the spec has another slug.
    pub fn update(&self, slug: &str, mut spec: TemplateSpec) -> Result<Template> {
        if spec.slug.is_empty() {
            spec.slug = slug.into();
        }
        if spec.slug != slug {
            return Err(Error::new(
                ErrorKind::Conflict,
                "a template keeps its slug: add a new one instead",
            ));
        }
        let mut templates = self.write();
        let old = templates.get(slug).ok_or_else(missing)?;
        changeable(old)?;
        spec.version = old.version().saturating_add(1);
        let template = Template::from_spec(spec)?;
        templates.insert(slug.into(), template.clone());
        Ok(template)
    }

    /// Removes a run-time template that no integration uses. The caller counts them, in the same transaction that
    /// deletes the stored spec.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none; [`ErrorKind::Conflict`] when it is built in or in use.
    pub fn remove(&self, slug: &str, in_use: u64) -> Result<Template> {
        let mut templates = self.write();
        changeable(templates.get(slug).ok_or_else(missing)?)?;
        if in_use > 0 {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "{in_use} integrations use this template: delete them first, or set it inactive"
                ),
            ));
        }
        templates.remove(slug).ok_or_else(missing)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Template>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Template>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing() -> Error {
    Error::new(ErrorKind::NotFound, "no template has this slug")
}

fn changeable(template: &Template) -> Result<()> {
    if template.origin() == Origin::Builtin {
        return Err(Error::new(
            ErrorKind::Conflict,
            "a built-in template cannot be changed at run time",
        ));
    }
    Ok(())
}
