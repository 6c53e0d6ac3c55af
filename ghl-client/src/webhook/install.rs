use integrations_core::lenient;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AppId, CompanyId, LocationId, UserId};

/// The app was installed in a location, or in a company.
///
/// Without a location it is the company that installed it: the tokens of its locations are to be asked for one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InstallEvent {
    /// The app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// Who installed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// `Location` or `Company`.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub install_type: Option<String>,
    /// The plan that was bought.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub plan_id: Option<String>,
    /// The trial of that plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// The company's name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub company_name: Option<String>,
    /// Whether the company shows the application under its own name.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_whitelabel_company: Option<bool>,
    /// Under which name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whitelabel_details: Option<WhitelabelDetails>,
}

/// The trial of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Trial {
    /// Whether it is running.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_trial: Option<bool>,
    /// How many days it takes.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub trial_duration: Option<i64>,
    /// When it began.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub trial_start_date: Option<Timestamp>,
}

/// The name under which a company shows the application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WhitelabelDetails {
    /// Its domain.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub domain: Option<String>,
    /// Where its logo is.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub logo_url: Option<String>,
}

/// The app was uninstalled from a location, or from a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UninstallEvent {
    /// The app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// Who uninstalled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}
