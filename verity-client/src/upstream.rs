use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use integrations_core::catalog::{
    Access, Caller, Route, TokenVerifier, Upstream, UpstreamAnswer, UpstreamCall,
};
use integrations_core::http::{Authorizer, Body, Outgoing};
use integrations_core::{AccessToken, Error, ErrorKind, Result};
use serde_json::Value;
use url::Url;

use crate::catalog::{CatalogFile, check_forwarded};
use crate::client::Client;
use crate::endpoint::{Endpoint, refused, sends_message};

const USER_AGENT: &str = concat!("integrations-rust/", env!("CARGO_PKG_VERSION"));

/// More than any text message has, in bytes of JSON.
const LONGEST_MESSAGE: usize = 1024 * 1024;

/// Headers that belong to one connection, to the credential or to the length of the body: never passed on, whatever a
/// gateway lets through.
const OWN: [HeaderName; 13] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::USER_AGENT,
    HeaderName::from_static("keep-alive"),
];

/// Verity as the system behind a gateway.
///
/// Who may call an endpoint is what the catalogue says of it: `none` is everybody, `requireAuth` and `requireUser` a
/// user who has signed in, `requireAdmin` an administrator. What the catalogue does not have is for users who have signed
/// in, unless [`VerityUpstreamBuilder::only_catalogued`] refuses it.
#[derive(Debug, Clone)]
pub struct VerityUpstream {
    client: Client,
    file: Option<Arc<CatalogFile>>,
    verifier: Option<Arc<dyn TokenVerifier>>,
    only_catalogued: bool,
    timeout: Duration,
}

impl VerityUpstream {
    /// Forwards calls to the Verity of this client.
    pub fn builder(client: &Client) -> VerityUpstreamBuilder {
        VerityUpstreamBuilder(Self {
            client: client.clone(),
            file: None,
            verifier: None,
            only_catalogued: false,
            timeout: client.timeout,
        })
    }

    fn url(&self, call: &UpstreamCall) -> Result<Url> {
        let base = self.client.base_url();
        let mut text = base.as_str().trim_end_matches('/').to_owned();
        text.push_str(&call.route.path);
        if let Some(query) = call.query.as_deref().filter(|query| !query.is_empty()) {
            text.push('?');
            text.push_str(query);
        }
        let same = |url: &Url| {
            (url.scheme(), url.host_str(), url.port_or_known_default())
                == (base.scheme(), base.host_str(), base.port_or_known_default())
        };
        Url::parse(&text)
            .ok()
            .filter(|url| same(url) && url.fragment().is_none() && call.route.path.starts_with('/'))
            .ok_or_else(|| refused("does not make a URL of Verity's"))
    }

    async fn attempt(
        &self,
        outgoing: Outgoing,
    ) -> Result<http::Response<integrations_core::http::ResponseBody>> {
        let transport = self.client.pipeline.context().transport();
        let answer = transport.send(outgoing).await;
        answer.map_err(|error| Error::from(error).with_provider(crate::PROVIDER))
    }

    /// The credential for this path: messages have one of their own.
    fn auth(&self, path: &str) -> &Arc<dyn Authorizer> {
        match sends_message(path) {
            true => &self.client.sending_auth,
            false => &self.client.auth,
        }
    }

    /// The body, unless it is a message to somebody who wants none. Where that is asked, a message is read whole before it
    /// is sent.
    async fn allowed(&self, path: &str, body: Body) -> Result<Body> {
        if self.client.opt_outs.is_none() || !sends_message(path) {
            return Ok(body);
        }
        let read = body.read(LONGEST_MESSAGE).await;
        let whole = Body::Bytes(read.map_err(|error| error.with_provider(crate::PROVIDER))?);
        self.client.texting().may_send(&whole).await?;
        Ok(whole)
    }

    async fn answered(&self, call: UpstreamCall) -> Result<UpstreamAnswer> {
        let auth = self.auth(&call.route.path);
        let mut outgoing = Outgoing::new(call.method.clone(), self.url(&call)?);
        outgoing.headers = call.headers;
        for name in &OWN {
            outgoing.headers.remove(name);
        }
        outgoing
            .headers
            .insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        outgoing.body = self.allowed(&call.route.path, call.body).await?;
        if let Some(token) = &call.token {
            outgoing
                .headers
                .insert(header::AUTHORIZATION, bearer(token)?);
            return Ok(answer(self.attempt(outgoing).await?));
        }
        let repeatable = outgoing.body.is_repeatable();
        let unsigned = outgoing.clone();
        auth.authorize(&mut outgoing).await?;
        let used = outgoing.headers.get(header::AUTHORIZATION).cloned();
        let first = self.attempt(outgoing).await?;
        if first.status() != StatusCode::UNAUTHORIZED || !repeatable || used.is_none() {
            return Ok(answer(first));
        }
        // A renewal that fails leaves Verity's own word, which says as much.
        match auth.renew(used.as_ref()).await {
            Ok(true) => {}
            Ok(false) => return Ok(answer(first)),
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "the credential for Verity could not be renewed");
                return Ok(answer(first));
            }
        }
        let mut again = unsigned;
        auth.authorize(&mut again).await?;
        Ok(answer(self.attempt(again).await?))
    }
}

#[async_trait]
impl Upstream for VerityUpstream {
    fn document(&self) -> Option<Value> {
        self.file.as_ref().map(|file| file.document().clone())
    }

    fn route(
        &self,
        method: &Method,
        endpoint: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Route> {
        let written = Endpoint::parse(endpoint).map_err(refused)?;
        let path = written.fill(parameters)?;
        let path = self.client.conversions.convert(&path);
        let sent = Endpoint::parse(&path).map_err(refused)?;
        // A value that was filled in can make it another endpoint than the one that was named.
        let known = self.file.as_ref().and_then(|file| {
            let by_path = file.find(method, &sent, None);
            by_path.or_else(|| file.find(method, &written, None))
        });
        let Some((operation, access)) = known else {
            if self.only_catalogued {
                return Err(refused("is not in the catalogue").with_code("unknown_endpoint"));
            }
            return Ok(Route::new(path, Access::User));
        };
        let mut route = Route::new(path, access);
        route.operation = operation.map(|operation| operation.name.clone());
        if operation.is_none() && self.only_catalogued {
            let fault = "does not take this method";
            return Err(refused(fault).with_code("unknown_endpoint"));
        }
        Ok(route)
    }

    fn check(&self, route: &Route, query: &[(String, String)], body: Option<&Value>) -> Result<()> {
        let known = self.file.as_ref().zip(route.operation.as_deref());
        let Some((file, at)) = known.and_then(|(file, name)| Some((file, file.place(name)?)))
        else {
            return Ok(());
        };
        let faults = check_forwarded(file, at, query, body);
        match faults.is_empty() {
            true => Ok(()),
            false => Err(
                Error::validation("the call does not fit the catalogue", faults)
                    .with_provider(crate::PROVIDER),
            ),
        }
    }

    async fn verify(&self, token: &str) -> Result<Caller> {
        match &self.verifier {
            Some(verifier) => verifier.verify(token).await,
            // Fails closed: a token that nobody proves is nobody's.
            None => Err(Error::new(
                ErrorKind::Auth,
                "nothing is configured that verifies tokens: give verifier() one",
            )
            .with_provider(crate::PROVIDER)
            .with_code("no_verifier")),
        }
    }

    async fn send(&self, mut call: UpstreamCall) -> Result<UpstreamAnswer> {
        let (body, watch) = std::mem::take(&mut call.body).watched();
        call.body = body;
        let answered = watch.answered(self.timeout, self.answered(call)).await;
        answered.unwrap_or_else(|| {
            Err(
                Error::new(ErrorKind::Timeout, "Verity did not answer in time")
                    .with_provider(crate::PROVIDER),
            )
        })
    }
}

fn answer(response: http::Response<integrations_core::http::ResponseBody>) -> UpstreamAnswer {
    let (parts, body) = response.into_parts();
    UpstreamAnswer::new(parts.status, parts.headers, body)
}

fn bearer(token: &AccessToken) -> Result<HeaderValue> {
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
    let mut value = value.map_err(|_| {
        Error::new(
            ErrorKind::Auth,
            "the token holds characters that no header may carry",
        )
        .with_provider(crate::PROVIDER)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Builds a [`VerityUpstream`].
#[derive(Debug)]
#[must_use]
pub struct VerityUpstreamBuilder(VerityUpstream);

impl VerityUpstreamBuilder {
    /// Knows the endpoints of this catalogue.
    pub fn catalog(mut self, file: Arc<CatalogFile>) -> Self {
        self.0.file = Some(file);
        self
    }

    /// Proves callers with this. Without one, every token is refused.
    pub fn verifier(mut self, verifier: impl TokenVerifier + 'static) -> Self {
        self.0.verifier = Some(Arc::new(verifier));
        self
    }

    /// Whether endpoints and methods that the catalogue does not have are refused; they are forwarded by default, as a
    /// catalogue may be older than the system.
    pub fn only_catalogued(mut self, only: bool) -> Self {
        self.0.only_catalogued = only;
        self
    }

    /// How long Verity may take until the headers of its answer are there, a repetition included; the client's time for
    /// one attempt by default. A body that its sender still sends is not Verity's slowness: the time counts from its last
    /// chunk.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// The upstream.
    #[must_use]
    pub fn build(self) -> VerityUpstream {
        self.0
    }
}
