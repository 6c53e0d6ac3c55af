use integrations_core::oauth::TokenSet;
use integrations_core::open_enum;
use jiff::{SignedDuration, Timestamp};

use super::fields::{flag, id, ids, text};
use crate::ids::{AppId, CompanyId, LocationId, UserId};

open_enum! {
    /// Whom a token acts for.
    pub enum UserType {
        /// A company: its token reaches the locations' data only through theirs.
        Company = "Company",
        /// A location.
        Location = "Location",
    }
}

/// The fields of a token answer to keep beside the tokens.
pub(super) const KEPT: &[&str] = &[
    "userType",
    "companyId",
    "locationId",
    "approvedLocations",
    "userId",
    "planId",
    "isBulkInstallation",
    "installToFutureLocations",
    "approveAllLocations",
    "refreshTokenId",
    "appId",
    "versionId",
    "traceId",
    "expires_in",
    "expiresIn",
];

/// When the tokens were got: their end less what they were to last.
pub(super) fn issued_at(tokens: &TokenSet) -> Option<Timestamp> {
    let fields = &tokens.extra;
    let lasts = text(fields, "expires_in").or_else(|| text(fields, "expiresIn"))?;
    let lasts = SignedDuration::from_secs(lasts.parse().ok()?);
    tokens.expires_at?.checked_sub(lasts).ok()
}

/// What the token endpoint says beside the tokens: who installed the app, and where.
///
/// Every field may be missing; one of another type than documented counts as missing.
///
/// ```no_run
/// # use ghl_client::oauth::Installation;
/// # fn demo(tokens: &integrations_core::oauth::TokenSet) {
/// let installed = Installation::of(tokens);
/// if installed.location_id.is_none() {
///     println!("installed in {:?}: its locations' tokens are exchanged", installed.company_id);
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installation {
    /// Whom the token acts for.
    pub user_type: Option<UserType>,
    /// The company.
    pub company_id: Option<CompanyId>,
    /// The location; none for a company's token, even if the app is one for locations.
    pub location_id: Option<LocationId>,
    /// The locations that were chosen, when a company installed the app in several.
    pub approved_locations: Vec<LocationId>,
    /// Who installed it.
    pub user_id: Option<UserId>,
    /// The plan that was bought.
    pub plan_id: Option<String>,
    /// Whether it was installed in several locations at once.
    pub is_bulk_installation: Option<bool>,
    /// Whether it is also installed in locations that come later.
    pub install_to_future_locations: Option<bool>,
    /// Whether all locations were chosen.
    pub approve_all_locations: Option<bool>,
    /// The id of the refresh token, which is not the token.
    pub refresh_token_id: Option<String>,
    /// The app.
    pub app_id: Option<AppId>,
    /// Its version.
    pub version_id: Option<String>,
}

impl Installation {
    /// What came with these tokens, if they were got with this crate's profile.
    #[must_use]
    pub fn of(tokens: &TokenSet) -> Self {
        let fields = &tokens.extra;
        Self {
            user_type: text(fields, "userType").map(UserType::from),
            company_id: id(fields, "companyId"),
            location_id: id(fields, "locationId"),
            approved_locations: ids(fields, "approvedLocations"),
            user_id: id(fields, "userId"),
            plan_id: text(fields, "planId"),
            is_bulk_installation: flag(fields, "isBulkInstallation"),
            install_to_future_locations: flag(fields, "installToFutureLocations"),
            approve_all_locations: flag(fields, "approveAllLocations"),
            refresh_token_id: text(fields, "refreshTokenId"),
            app_id: id(fields, "appId"),
            version_id: text(fields, "versionId"),
        }
    }
}
