use integrations_core::{Error, ErrorKind, Result, lenient};
use jiff::Timestamp;
use serde_json::Value;

use super::LocationTokens;
use super::fields::{id, text};
use super::installation::UserType;
use crate::PROVIDER;
use crate::ids::{AppId, CompanyId, LocationId, UserId};

/// What happened to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LifecycleKind {
    /// It was installed.
    Install,
    /// It was uninstalled.
    Uninstall,
    /// Its plan was changed.
    PlanChange,
}

/// A webhook about an app itself: `INSTALL`, `UNINSTALL` or `PLAN_CHANGE`. Read it from events that were verified.
///
/// Webhooks come more than once, and in any order: keep their ids. [`LocationTokens::apply`] ignores an `UNINSTALL` that
/// is older than what it would drop, as far as the times are known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// What happened.
    pub kind: LifecycleKind,
    /// The app.
    pub app_id: Option<AppId>,
    /// Its version.
    pub version_id: Option<String>,
    /// The company.
    pub company_id: Option<CompanyId>,
    /// The location; none when it is about the company.
    pub location_id: Option<LocationId>,
    /// Who did it.
    pub user_id: Option<UserId>,
    /// Whether a location or a company installed it.
    pub install_type: Option<UserType>,
    /// The plan, of a change the new one.
    pub plan_id: Option<String>,
    /// The plan before the change.
    pub previous_plan_id: Option<String>,
    /// When it happened.
    pub at: Option<Timestamp>,
}

/// Why a webhook about an app asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ignored {
    /// It is about another app, or does not say about which: all apps' webhooks are signed with the same key, so this
    /// one may come from anybody's.
    OtherApp,
    /// It is about another company.
    OtherCompany,
    /// It names neither a location nor a company.
    NamesNothing,
    /// It tells of an uninstallation before the installation, or the tokens, that are there now.
    Stale,
}

/// What a webhook about an app asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Nothing.
    Ignore(Ignored),
    /// The app was installed in this location: exchange its token.
    Exchange(LocationId),
    /// The company installed the app: its tokens come with the authorization, and each location with a webhook of its
    /// own. Those that have it already are got by [`LocationTokens::bulk_install`].
    AwaitLocations,
    /// The app was uninstalled from this location: drop its token.
    Forget(LocationId),
    /// The company uninstalled the app: drop all tokens.
    Disconnect,
    /// The plan was changed: what it allows is yours to say.
    ChangePlan {
        /// Where; none for the company.
        location: Option<LocationId>,
        /// The new plan.
        plan: Option<String>,
    },
}

impl Lifecycle {
    /// Reads the body of a verified webhook; `None` when it is about something else.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Option<Self>> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            let error = Error::new(ErrorKind::Decode, "the webhook is no JSON object");
            return Err(error.with_provider(PROVIDER));
        };
        let kind = match fields.get("type").and_then(Value::as_str) {
            Some("INSTALL") => LifecycleKind::Install,
            Some("UNINSTALL") => LifecycleKind::Uninstall,
            Some("PLAN_CHANGE") => LifecycleKind::PlanChange,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            kind,
            app_id: id(&fields, "appId"),
            version_id: text(&fields, "versionId"),
            company_id: id(&fields, "companyId"),
            location_id: id(&fields, "locationId"),
            user_id: id(&fields, "userId"),
            install_type: text(&fields, "installType").map(UserType::from),
            plan_id: text(&fields, "newPlanId").or_else(|| text(&fields, "planId")),
            previous_plan_id: text(&fields, "currentPlanId"),
            at: fields
                .get("timestamp")
                .and_then(|at| lenient::timestamp_option(at).ok().flatten()),
        }))
    }

    /// Reads a verified event; `None` when it is about something else.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    #[cfg(feature = "webhook")]
    pub fn of(event: &integrations_core::webhook::Event) -> Result<Option<Self>> {
        if event.provider() != PROVIDER {
            return Ok(None);
        }
        Self::parse(event.payload())
    }

    /// What it asks for in this app and company. Whether it is [stale](Ignored::Stale) only
    /// [`apply`](LocationTokens::apply) knows.
    #[must_use]
    pub fn step(&self, app: &AppId, company: &CompanyId) -> Step {
        if self.app_id.as_ref() != Some(app) {
            return Step::Ignore(Ignored::OtherApp);
        }
        if self.company_id.as_ref().is_some_and(|id| id != company) {
            return Step::Ignore(Ignored::OtherCompany);
        }
        match (self.kind, self.location_id.clone()) {
            (LifecycleKind::PlanChange, location) => Step::ChangePlan {
                location,
                plan: self.plan_id.clone(),
            },
            // A location alone does not say whose it is, and an exchange would be refused if it is another company's.
            (LifecycleKind::Install, Some(location)) => Step::Exchange(location),
            (LifecycleKind::Uninstall, Some(location)) => Step::Forget(location),
            // Everything is dropped only if the company is named.
            (_, None) if self.company_id.is_none() => Step::Ignore(Ignored::NamesNothing),
            (LifecycleKind::Install, None) => Step::AwaitLocations,
            (LifecycleKind::Uninstall, None) => Step::Disconnect,
        }
    }
}

impl LocationTokens {
    /// Does what a webhook about the app asks for, and says what it was.
    ///
    /// It may be done again for the same webhook. A changed plan is only reported.
    ///
    /// An `UNINSTALL` is [`Ignored::Stale`] when it is older than the last `INSTALL` that was applied by this value or a
    /// clone of it, or more than a minute older than the stored tokens: the provider gives none for what is not
    /// installed. Tokens say how old they are if they were got with this crate's [`profile`](super::profile) or
    /// exchange, and the provider said how long they last. An `UNINSTALL` without a time, or of tokens without one, is
    /// always done.
    ///
    /// # Errors
    /// What the exchange and the stores report; see [`exchange`](Self::exchange).
    pub async fn apply(&self, event: &Lifecycle) -> Result<Step> {
        let step = event.step(self.app(), self.company());
        match &step {
            Step::Exchange(location) => {
                let at = event.at.max(self.installed(Some(location)));
                // A token from before this installation may be void, or know less.
                self.forget(location).await?;
                self.exchange(location).await?;
                self.set_installed(at, Some(location));
            }
            Step::AwaitLocations => self.set_installed(event.at, None),
            Step::Forget(location) => {
                if self.is_stale(event, Some(location)).await {
                    return Ok(Step::Ignore(Ignored::Stale));
                }
                self.forget(location).await?;
            }
            Step::Disconnect => {
                if self.is_stale(event, None).await {
                    return Ok(Step::Ignore(Ignored::Stale));
                }
                self.disconnect().await?;
            }
            Step::Ignore(_) | Step::ChangePlan { .. } => {}
        }
        Ok(step)
    }

    async fn is_stale(&self, event: &Lifecycle, location: Option<&LocationId>) -> bool {
        match event.at {
            Some(at) => self.is_newer(at, location).await,
            None => false,
        }
    }
}
