use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::graph::{EncryptedContent, Notifications};
use super::graph_content::GraphPrivateKey;
use super::jwks::KeySource;
use super::jwt::{self, Claims};
use super::wire::Text;
use crate::Result;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

/// The application that Microsoft Graph sends notifications as.
const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";

/// Microsoft Graph notifications with resource data: the client states as in [`Graph`](super::Graph), and a token from
/// Microsoft for every tenant of the batch; the data is encrypted with our certificate and signed.
///
/// Requests without resource data, such as lifecycle notifications, carry no token and pass by their client states.
/// Secrets: the client states, unnamed. The token keys are the caller's to fetch: see [`KeySource`].
#[derive(Debug, Clone)]
pub struct GraphRich {
    keys: Arc<dyn KeySource>,
    applications: Vec<String>,
    tenants: Vec<String>,
    certificates: Vec<GraphPrivateKey>,
}

impl GraphRich {
    /// Tokens under these keys for our application id.
    #[must_use]
    pub fn new(keys: impl KeySource + 'static, application: impl Into<String>) -> Self {
        Self {
            keys: Arc::new(keys),
            applications: vec![application.into()],
            tenants: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// Accepts notifications of these Microsoft tenants only; without any, of all.
    #[must_use]
    pub fn with_tenants(mut self, tenants: impl IntoIterator<Item = String>) -> Self {
        self.tenants.extend(tenants);
        self
    }

    /// Adds the private key of a certificate that content may be encrypted with.
    #[must_use]
    pub fn with_certificate(mut self, key: GraphPrivateKey) -> Self {
        self.certificates.push(key);
        self
    }

    /// Decrypts the resource of each notification of a verified request, `None` for those without.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook) when a certificate is not known (`no_secret`), or the content
    /// is not what its signature says.
    pub fn resources(&self, verified: &Verified<'_>) -> Result<Vec<Option<Bytes>>> {
        let notifications = Notifications::read(verified.raw())?;
        let contents = notifications.items().iter().map(|item| {
            item.encrypted_content
                .as_ref()
                .map(|content| self.open(content))
                .transpose()
        });
        contents.collect()
    }

    fn open(&self, content: &EncryptedContent) -> Result<Bytes> {
        let key = self
            .certificates
            .iter()
            .find(|key| key.id() == content.encryption_certificate_id)
            .ok_or(Rejection::NoSecret)?;
        key.unwrap(&content.data_key)?.open(content)
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        let notifications = Notifications::read(raw)?;
        let index = notifications.check_states(secrets)?;
        if !notifications.has_resource_data() {
            return Ok(Verified::new(raw, "graph_client_state", index, received_at));
        }
        let mut proven = Vec::new();
        for Text(token) in notifications.tokens() {
            let malformed = Rejection::MalformedPayload;
            let claims = jwt::verify(token, &*self.keys, received_at, malformed)?;
            proven.push(
                self.tenant_of(&claims)
                    .ok_or(Rejection::BadToken)?
                    .to_owned(),
            );
        }
        for item in notifications.items() {
            if item.encrypted_content.is_some() {
                let tenant = item.tenant_id.as_ref().ok_or(Rejection::BadToken)?;
                if !proven.iter().any(|tid| tid.eq_ignore_ascii_case(&tenant.0)) {
                    return Err(Rejection::BadToken);
                }
            }
        }
        Ok(Verified::new(raw, "graph_rich", index, received_at))
    }

    /// The tenant that a token speaks for, when it is Microsoft's, from Graph and for us.
    fn tenant_of<'c>(&self, claims: &'c Claims) -> Option<&'c str> {
        let tid = claims.tid.as_deref().filter(|tid| !tid.is_empty())?;
        let issuers = [
            format!("https://sts.windows.net/{tid}/"),
            format!("https://login.microsoftonline.com/{tid}/v2.0"),
        ];
        let publisher = claims.azp.as_deref().or(claims.appid.as_deref())?;
        let expected = self.tenants.is_empty() || self.tenants.iter().any(|own| own == tid);
        let genuine = issuers.contains(&claims.iss)
            && publisher == PUBLISHER
            && claims.is_for(&self.applications)
            && expected;
        genuine.then_some(tid)
    }
}

verifier!(GraphRich);
