use integrations_core::open_enum;
use url::form_urlencoded;

use super::Payer;
use crate::ids::{CompanyId, LocationId};

open_enum! {
    /// Who installs an app with external billing.
    pub enum InstallType {
        /// One or more locations.
        Location = "location",
        /// A company.
        Company = "agency",
        /// A company and locations of it.
        Both = "agency,location",
    }
}

/// What the provider says to the billing URL of an app with external billing when somebody installs it.
///
/// It is the browser that brings it, so it proves nothing: compare the client id with your own, and tell the provider
/// with [`ReportPayment`](super::ReportPayment) for each payer only what was really paid.
///
/// <https://github.com/GoHighLevel/highlevel-api-docs/blob/main/docs/oauth/Billing.md>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillingVisit {
    /// The client id of the app.
    pub client_id: Option<String>,
    /// Who installs it.
    pub install_type: Option<InstallType>,
    /// The locations.
    pub location_ids: Vec<LocationId>,
    /// The company.
    pub company_id: Option<CompanyId>,
}

impl BillingVisit {
    /// Reads a whole URL, a path with a query, or a query.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        let mut visit = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match &*name {
                _ if value.is_empty() => {}
                "clientId" => visit.client_id = Some(value.to_owned()),
                "installType" => visit.install_type = Some(value.into()),
                "companyId" => visit.company_id = Some(value.into()),
                "locationId" => {
                    let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
                    visit.location_ids.extend(ids.map(LocationId::from));
                }
                _ => {}
            }
        }
        visit
    }

    /// Who pays: each is reported by itself.
    #[must_use]
    pub fn payers(&self) -> Vec<Payer> {
        let locations = self.location_ids.iter().cloned().map(Payer::Location);
        let company = self.company_id.iter().cloned().map(Payer::Company);
        match self.install_type {
            Some(InstallType::Location) => locations.collect(),
            Some(InstallType::Company) => company.collect(),
            _ => company.chain(locations).collect(),
        }
    }
}
