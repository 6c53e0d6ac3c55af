//! What happens to the app itself: installed, uninstalled, paid for.

use integrations_core::open_enum;
use jiff::Timestamp;

use crate::ids::{CompanyId, LocationId, PlanId, UserId};

open_enum! {
    /// Where an app was installed.
    pub enum InstallType {
        /// In a location.
        Location = "Location",
        /// In a company.
        Company = "Company",
    }

    /// How the payment for an app stands.
    pub enum PaymentStatus {
        /// Paid.
        Complete = "COMPLETE",
        /// The last payment failed.
        Failed = "FAILED",
    }

    /// How a user proved themselves to the other system.
    pub enum ExternalAuthType {
        /// With OAuth 2.
        OAuth2 = "oauth2",
        /// With a name and password, or a key.
        Basic = "basic",
    }
}

integrations_core::object! {
    /// The app was installed in a location, or in a company. The app is in the [`Envelope`](super::Envelope).
    ///
    /// Without a location it is the company that installed it: the tokens of its locations are to be asked for one by
    /// one. Of an installation in a location that was created later, company and user may be missing.
    pub struct InstallEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// Who installed it.
        user_id: Option<UserId> = "userId",
        /// Where it was installed.
        install_type: Option<InstallType> = "installType",
        /// The plan that was bought.
        plan_id: Option<PlanId> = "planId",
        /// The trial of that plan.
        trial: Option<Trial> = "trial",
        /// The company's name.
        company_name: Option<String> = "companyName",
        /// Whether the company shows the application under its own name.
        is_whitelabel_company: Option<bool> = "isWhitelabelCompany",
        /// Under which name.
        whitelabel_details: Option<WhitelabelDetails> = "whitelabelDetails",
    }

    /// The trial of a plan.
    pub struct Trial {
        /// Whether it is running.
        on_trial: Option<bool> = "onTrial",
        /// How many days it takes.
        trial_duration: Option<i64> = "trialDuration",
        /// When it began.
        trial_start_date: Option<Timestamp> = "trialStartDate",
    }

    /// The name under which a company shows the application.
    pub struct WhitelabelDetails {
        /// Its domain.
        domain: Option<String> = "domain",
        /// Where its logo is.
        logo_url: Option<String> = "logoUrl",
    }

    /// The app was uninstalled from a location, or from a company: its tokens are void.
    pub struct UninstallEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// Who uninstalled it.
        user_id: Option<UserId> = "userId",
    }

    /// Another plan of a paid app was chosen.
    pub struct PlanChangeEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// Who chose it.
        user_id: Option<UserId> = "userId",
        /// The plan before.
        current_plan_id: Option<PlanId> = "currentPlanId",
        /// The plan from now on.
        new_plan_id: Option<PlanId> = "newPlanId",
    }

    /// A payment for the app failed, or succeeded again.
    pub struct PaymentStatusEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// Who pays.
        user_id: Option<UserId> = "userId",
        /// How it stood before.
        previous_status: Option<PaymentStatus> = "previousStatus",
        /// How it stands now.
        new_status: Option<PaymentStatus> = "newStatus",
    }

    /// A user connected the app to the other system (*External Authentication* of the app).
    pub struct ExternalAuthEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// Who connected it.
        user_id: Option<UserId> = "userId",
        /// How the user proved themselves.
        auth_type: Option<ExternalAuthType> = "authType",
        /// What was granted, separated by spaces.
        scopes: Option<String> = "scopes",
        /// Whether the provider renews the token by itself.
        is_auto_refresh_token_enabled: Option<bool> = "isAutoRefreshTokenEnabled",
    }
}
