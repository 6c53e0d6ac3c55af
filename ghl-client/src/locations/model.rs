use integrations_core::object;
use serde_json::Value;

use crate::ids::{CompanyId, LocationId};

object! {
    /// A location as the provider describes it.
    ///
    /// A search leaves out the company, the owner and the business.
    pub struct LocationDetails {
        required {
            /// Its id.
            id: LocationId = "id",
        }
        /// The company that owns it.
        company_id: Option<CompanyId> = "companyId",
        /// Its name.
        name: Option<String> = "name",
        /// The domain of its funnels and websites.
        domain: Option<String> = "domain",
        /// Street and number.
        address: Option<String> = "address",
        /// City.
        city: Option<String> = "city",
        /// State or province.
        state: Option<String> = "state",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// Country, ISO 3166-1 alpha-2.
        country: Option<String> = "country",
        /// Where its logo is.
        logo_url: Option<String> = "logoUrl",
        /// Website.
        website: Option<String> = "website",
        /// IANA time zone, at times in its old form such as `US/Central`.
        timezone: Option<String> = "timezone",
        /// The owner's first name.
        first_name: Option<String> = "firstName",
        /// The owner's last name.
        last_name: Option<String> = "lastName",
        /// E-mail address.
        email: Option<String> = "email",
        /// Phone number.
        phone: Option<String> = "phone",
        /// The business behind it.
        business: Option<LocationBusiness> = "business",
        /// Its profiles elsewhere.
        social: Option<LocationSocial> = "social",
        /// How it treats contacts and opportunities.
        settings: Option<LocationSettings> = "settings",
        /// What a reseller stored.
        reseller: Value = "reseller",
    }
}

object! {
    /// The business behind a location.
    pub struct LocationBusiness {
        /// Its name.
        name: Option<String> = "name",
        /// Street and number.
        address: Option<String> = "address",
        /// City.
        city: Option<String> = "city",
        /// State or province.
        state: Option<String> = "state",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// Country, ISO 3166-1 alpha-2.
        country: Option<String> = "country",
        /// Website.
        website: Option<String> = "website",
        /// IANA time zone.
        timezone: Option<String> = "timezone",
        /// Where its logo is.
        logo_url: Option<String> = "logoUrl",
    }
}

object! {
    /// The profiles of a location on other sites.
    pub struct LocationSocial {
        /// Facebook.
        facebook_url: Option<String> = "facebookUrl",
        /// Google Plus.
        google_plus: Option<String> = "googlePlus",
        /// LinkedIn.
        linked_in: Option<String> = "linkedIn",
        /// Foursquare.
        foursquare: Option<String> = "foursquare",
        /// Twitter.
        twitter: Option<String> = "twitter",
        /// Yelp.
        yelp: Option<String> = "yelp",
        /// Instagram.
        instagram: Option<String> = "instagram",
        /// YouTube.
        youtube: Option<String> = "youtube",
        /// Pinterest.
        pinterest: Option<String> = "pinterest",
        /// The feed of its blog.
        blog_rss: Option<String> = "blogRss",
        /// Its id on Google Maps.
        google_places_id: Option<String> = "googlePlacesId",
    }
}

object! {
    /// How a location treats contacts and opportunities.
    pub struct LocationSettings {
        /// Whether two contacts may share an e-mail address or phone number.
        allow_duplicate_contact: Option<bool> = "allowDuplicateContact",
        /// Whether a contact may have two opportunities in one pipeline.
        allow_duplicate_opportunity: Option<bool> = "allowDuplicateOpportunity",
        /// Whether contacts from Facebook are merged by name.
        allow_facebook_name_merge: Option<bool> = "allowFacebookNameMerge",
        /// Whether contacts have no time zone of their own.
        disable_contact_timezone: Option<bool> = "disableContactTimezone",
    }
}
