use integrations_core::lenient;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{CompanyId, LocationId};

/// A location as the provider describes it.
///
/// A search leaves out the company, the owner and the business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocationDetails {
    /// Its id.
    pub id: LocationId,
    /// The company that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// Its name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// The domain of its funnels and websites.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub domain: Option<String>,
    /// Street and number.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub address: Option<String>,
    /// City.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub city: Option<String>,
    /// State or province.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub state: Option<String>,
    /// Postal code.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub country: Option<String>,
    /// Where its logo is.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub logo_url: Option<String>,
    /// Website.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub website: Option<String>,
    /// IANA time zone, at times in its old form such as `US/Central`.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub timezone: Option<String>,
    /// The owner's first name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub first_name: Option<String>,
    /// The owner's last name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_name: Option<String>,
    /// E-mail address.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<String>,
    /// Phone number.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub phone: Option<String>,
    /// The business behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<LocationBusiness>,
    /// Its profiles elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub social: Option<LocationSocial>,
    /// How it treats contacts and opportunities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<LocationSettings>,
    /// What a reseller stored.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub reseller: Value,
}

/// The business behind a location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocationBusiness {
    /// Its name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// Street and number.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub address: Option<String>,
    /// City.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub city: Option<String>,
    /// State or province.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub state: Option<String>,
    /// Postal code.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub country: Option<String>,
    /// Website.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub website: Option<String>,
    /// IANA time zone.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub timezone: Option<String>,
    /// Where its logo is.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub logo_url: Option<String>,
}

/// The profiles of a location on other sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocationSocial {
    /// Facebook.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub facebook_url: Option<String>,
    /// Google Plus.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub google_plus: Option<String>,
    /// LinkedIn.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub linked_in: Option<String>,
    /// Foursquare.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub foursquare: Option<String>,
    /// Twitter.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub twitter: Option<String>,
    /// Yelp.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub yelp: Option<String>,
    /// Instagram.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub instagram: Option<String>,
    /// YouTube.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub youtube: Option<String>,
    /// Pinterest.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub pinterest: Option<String>,
    /// The feed of its blog.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub blog_rss: Option<String>,
    /// Its id on Google Maps.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub google_places_id: Option<String>,
}

/// How a location treats contacts and opportunities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocationSettings {
    /// Whether two contacts may share an e-mail address or phone number.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_duplicate_contact: Option<bool>,
    /// Whether a contact may have two opportunities in one pipeline.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_duplicate_opportunity: Option<bool>,
    /// Whether contacts from Facebook are merged by name.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_facebook_name_merge: Option<bool>,
    /// Whether contacts have no time zone of their own.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub disable_contact_timezone: Option<bool>,
}
