//! What is behind the gateway, and how the gateway gets there.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use http::{HeaderValue, Method, header};
use integrations_core::catalog::{Access, Caller, Route, Upstream, UpstreamAnswer, UpstreamCall};
use integrations_core::http::{
    Outgoing, ReqwestTransport, Transport as _, TransportOptions, encode_segment,
};
use integrations_core::secret::constant_time_eq;
use integrations_core::{Error, ErrorKind, Result};
use serde_json::Value;
use url::Url;

/// What it answers to every call.
pub(crate) const ANSWER: &str = r#"{"agent":{"id":"a1","name":"Jane Doe","status":"available","extension":"101"},"calls":[{"id":"c1","direction":"outbound","seconds":63},{"id":"c2","direction":"inbound","seconds":12}],"page":1,"pages":1}"#;

pub(super) fn router() -> Router {
    let answer = || async { ([(header::CONTENT_TYPE, "application/json")], ANSWER) };
    Router::new().route("/api/calls/agents/{id}", get(answer))
}

/// The way to it, with all that a real one does for each call but the cryptography of the token.
#[derive(Debug)]
pub(super) struct System {
    transport: ReqwestTransport,
    base: Url,
}

impl System {
    pub(super) fn new(behind: SocketAddr) -> Result<Self> {
        let base = Url::parse(&format!("http://{behind}"));
        Ok(Self {
            transport: ReqwestTransport::new(&TransportOptions::default())?,
            base: base.map_err(|error| Error::config("no address").with_source(error))?,
        })
    }
}

#[async_trait]
impl Upstream for System {
    fn document(&self) -> Option<Value> {
        None
    }

    fn route(
        &self,
        _: &Method,
        endpoint: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Route> {
        let mut path = String::with_capacity(endpoint.len() + 16);
        for segment in endpoint.split('/').skip(1) {
            path.push('/');
            let name = segment
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'));
            match name.map(|name| (name, parameters.get(name))) {
                None => path.push_str(segment),
                Some((name, Some(value))) => encode_segment(&mut path, name, value)?,
                Some((_, None)) => {
                    return Err(Error::new(ErrorKind::Validation, "a parameter is missing"));
                }
            }
        }
        let mut route = Route::new(path, Access::User);
        route.operation = Some("agents_get".to_owned());
        Ok(route)
    }

    async fn verify(&self, token: &str) -> Result<Caller> {
        match constant_time_eq(token.as_bytes(), super::TOKEN.as_bytes()) {
            true => Ok(Caller::new("user-1")),
            false => Err(Error::new(ErrorKind::Auth, "nobody's token")),
        }
    }

    async fn send(&self, call: UpstreamCall) -> Result<UpstreamAnswer> {
        let mut url = self.base.clone();
        url.set_path(&call.route.path);
        url.set_query(call.query.as_deref());
        let mut outgoing = Outgoing::new(call.method, url);
        outgoing.headers = call.headers;
        outgoing.body = call.body;
        if let Some(token) = &call.token {
            let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let value = value.map_err(|_| Error::new(ErrorKind::Auth, "no token"))?;
            outgoing.headers.insert(header::AUTHORIZATION, value);
        }
        let (parts, body) = self.transport.send(outgoing).await?.into_parts();
        Ok(UpstreamAnswer::new(parts.status, parts.headers, body))
    }
}
