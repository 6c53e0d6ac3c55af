use std::time::Duration;

use integrations_testkit::ghl::{Builder, SCOPES, SimulatedGhl};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

pub(crate) const LOCATION: &str = "loc0000000000000001A";
pub(crate) const OTHER: &str = "loc0000000000000002B";
pub(crate) const COMPANY: &str = "company000000000001C";

/// A client that follows no redirect and inflates nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "these tests look at the bare HTTP"
)]
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_gzip()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// Two locations of one company; the search sees everything at once.
pub(crate) fn builder() -> Builder {
    SimulatedGhl::builder()
        .location(LOCATION, COMPANY)
        .location(OTHER, COMPANY)
        .search_lag(Duration::ZERO)
}

pub(crate) async fn start() -> SimulatedGhl {
    builder().start().await.unwrap()
}

/// A simulator and a client with a private token of all scopes for [`LOCATION`].
pub(crate) async fn ready() -> (SimulatedGhl, Api) {
    let ghl = start().await;
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    (ghl, api)
}

#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
    pub(crate) token: String,
    pub(crate) version: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// A refusal: its status, and its message, which may be one or a list.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, message: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.body["statusCode"], status, "{}", self.text);
        match &self.body["message"] {
            Value::Array(all) => assert!(all.contains(&Value::from(message)), "{}", self.text),
            one => assert_eq!(one, message, "{}", self.text),
        }
        assert!(self.body["traceId"].is_string(), "{}", self.text);
        self.body
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

impl Api {
    pub(crate) fn new(ghl: &SimulatedGhl, token: &str) -> Self {
        Self {
            http: http(),
            base: ghl.base_url().to_owned(),
            token: token.to_owned(),
            version: Some("2021-07-28"),
        }
    }

    pub(crate) fn with_version(&self, version: &'static str) -> Self {
        Self {
            version: Some(version),
            ..self.clone()
        }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        match self.version {
            Some(version) => request.header("Version", version),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(Method::DELETE, path);
        match body {
            Some(body) => send(request.json(&body)).await,
            None => send(request).await,
        }
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        send(self.request(Method::POST, path).form(fields)).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    Reply {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    }
}
