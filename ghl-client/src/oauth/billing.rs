use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::http::Body;
use integrations_core::{ClientSecret, Error, ErrorKind, Result, open_enum};
use serde_json::Value;

use crate::endpoint::setters;
use crate::ids::{CompanyId, LocationId};
use crate::request::BodyWriter;
use crate::{Endpoint, PROVIDER, Spec, TokenClasses};

const KEY: HeaderName = HeaderName::from_static("x-ghl-client-key");
const SECRET: HeaderName = HeaderName::from_static("x-ghl-client-secret");

integrations_core::secret! {
    /// The client key of a marketplace app, as the portal shows it beside the client secret.
    pub struct ClientKey;
}

open_enum! {
    /// How a payment ended.
    pub enum PaymentStatus {
        /// It was made: the installation goes on.
        Completed = "COMPLETED",
        /// It was not.
        Failed = "FAILED",
    }

    /// How often is paid.
    pub enum PaymentType {
        /// Once.
        OneTime = "one_time",
        /// Again and again.
        Recurring = "recurring",
    }
}

/// Who pays for an app.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payer {
    /// A location.
    Location(LocationId),
    /// A company.
    Company(CompanyId),
}

/// `POST /oauth/billing/webhook`: reports a payment for an app with external billing, which lets its installation go on.
///
/// It takes no token but the app's own client key and secret. One call reports one location or company. It is not
/// repeated when it may have arrived: nobody says whether a payment that is reported twice counts twice.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReportPayment {
    /// The app's client id.
    pub client_id: String,
    /// The app's client key.
    pub key: ClientKey,
    /// The app's client secret.
    pub secret: ClientSecret,
    /// Who pays.
    pub payer: Payer,
    /// How much was billed.
    pub amount: f64,
    /// How it ended.
    pub status: PaymentStatus,
    /// How often is paid.
    pub payment_type: PaymentType,
    /// Your subscription, for what is paid again and again.
    pub subscription_id: Option<String>,
    /// Your payment, for what is paid once.
    pub payment_id: Option<String>,
}

impl ReportPayment {
    /// A payment that was made once.
    pub fn new(
        client_id: impl Into<String>,
        key: impl Into<ClientKey>,
        secret: impl Into<ClientSecret>,
        payer: Payer,
        amount: f64,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            key: key.into(),
            secret: secret.into(),
            payer,
            amount,
            status: PaymentStatus::Completed,
            payment_type: PaymentType::OneTime,
            subscription_id: None,
            payment_id: None,
        }
    }
}

setters!(ReportPayment {
    status: PaymentStatus,
    payment_type: PaymentType,
    subscription_id: String,
    payment_id: String,
});

impl Endpoint for ReportPayment {
    const SPEC: Spec = Spec::new(
        "oauth.report_payment",
        Method::POST,
        "/oauth/billing/webhook",
    )
    .tokens(TokenClasses::NONE)
    .docs("https://github.com/GoHighLevel/highlevel-api-docs/blob/main/docs/oauth/Billing.md");
    /// Not documented.
    type Response = Value;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        if !self.amount.is_finite() {
            return Err(refused("the amount is not a number"));
        }
        headers.insert(KEY, hidden(self.key.expose_secret(), "key")?);
        headers.insert(SECRET, hidden(self.secret.expose_secret(), "secret")?);
        let mut body = BodyWriter::default();
        body.member("clientId", &self.client_id);
        match &self.payer {
            Payer::Location(id) => {
                body.member("authType", &"location");
                body.member("locationId", id);
            }
            Payer::Company(id) => {
                body.member("authType", &"company");
                body.member("companyId", id);
            }
        }
        body.optional_member("subscriptionId", &self.subscription_id);
        body.optional_member("paymentId", &self.payment_id);
        body.member("amount", &self.amount);
        body.member("status", &self.status);
        body.member("paymentType", &self.payment_type);
        body.finish(headers)
    }
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Validation, message)
        .with_provider(PROVIDER)
        .with_operation(ReportPayment::SPEC.operation.name)
}

fn hidden(secret: &str, what: &str) -> Result<HeaderValue> {
    let value = (!secret.is_empty()).then(|| HeaderValue::from_str(secret).ok());
    let mut value = value.flatten().ok_or_else(|| {
        refused(format!(
            "the client {what} is empty or has characters that no header may carry: copy it again"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
