use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use http::HeaderValue;

use super::{
    Body, ByteStream, Outgoing, ResponseBody, Transport, TransportError, TransportFailure,
};
use crate::{Error, Result};

/// Settings of the connection pool.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// How long a connection may take; 10 s by default.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept; 90 s by default.
    pub pool_idle_timeout: Duration,
    /// Idle connections kept per host; 32 by default.
    pub pool_max_idle_per_host: usize,
    /// A proxy for all requests; the environment's proxy settings are not read.
    pub proxy: Option<url::Url>,
    /// Certificates (PEM) to trust instead of the system's; an empty list trusts no TLS server.
    pub trust_only: Option<Vec<Vec<u8>>>,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            pool_idle_timeout: Duration::from_secs(90),
            pool_max_idle_per_host: 32,
            proxy: None,
            trust_only: None,
        }
    }
}

/// The transport over real sockets: HTTP/1.1 and HTTP/2, TLS by rustls (feature `tls`), gzip, no redirects, no retries.
#[derive(Debug, Clone)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// A connection pool. Loads the system's certificates, which takes some 20 ms: share one.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when a certificate or the proxy is unusable.
    pub fn new(options: &TransportOptions) -> Result<Self> {
        Self::build(options, |builder| builder)
    }

    /// With what else a special transport needs.
    pub(super) fn build(
        options: &TransportOptions,
        special: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self> {
        let unusable = |what: &'static str| {
            move |error: reqwest::Error| Error::config(what).with_source(error.without_url())
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that builds the HTTP client"
        )]
        let mut builder = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.pool_idle_timeout)
            .pool_max_idle_per_host(options.pool_max_idle_per_host)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true);
        if let Some(proxy) = &options.proxy {
            let proxy =
                reqwest::Proxy::all(proxy.as_str()).map_err(unusable("the proxy is not usable"))?;
            builder = builder.proxy(proxy);
        }
        #[cfg(not(feature = "tls"))]
        if options.trust_only.is_some() {
            return Err(Error::config(
                "certificates are of no use in a build without the feature `tls`",
            ));
        }
        #[cfg(feature = "tls")]
        if let Some(certificates) = &options.trust_only {
            let certificates = certificates
                .iter()
                .map(|pem| reqwest::Certificate::from_pem(pem))
                .collect::<Result<Vec<_>, _>>()
                .map_err(unusable("a certificate is not PEM"))?;
            builder = builder.tls_certs_only(certificates);
        }
        special(builder)
            .build()
            .map(Self)
            .map_err(unusable("the HTTP client cannot be set up"))
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        outgoing: Outgoing,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        #[cfg(not(feature = "tls"))]
        if outgoing.url.scheme() == "https" {
            return Err(TransportError::no_tls());
        }
        let mut request = reqwest::Request::new(outgoing.method, outgoing.url);
        *request.headers_mut() = outgoing.headers;
        match outgoing.body {
            // A POST without a body still says so, or some servers answer 411.
            Body::Empty
                if matches!(
                    *request.method(),
                    http::Method::POST | http::Method::PUT | http::Method::PATCH
                ) =>
            {
                request
                    .headers_mut()
                    .insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Body::Empty => {}
            Body::Bytes(bytes) => *request.body_mut() = Some(bytes.into()),
            Body::Stream { open, length } => stream(&mut request, open(), length),
            Body::Once(once) => stream(&mut request, once.take(), once.len()),
        }
        let mut response = self
            .0
            .execute(request)
            .await
            .map_err(|error| failed(error, false))?;
        // By hand: the library's own conversion into `http` types and back parses a URL.
        let (status, version) = (response.status(), response.version());
        let headers = std::mem::take(response.headers_mut());
        let chunks = response.bytes_stream();
        let body = ResponseBody::from_stream(
            chunks.map(|chunk| chunk.map_err(|error| failed(error, true))),
        );
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        *answer.version_mut() = version;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

fn stream(request: &mut reqwest::Request, chunks: ByteStream, length: Option<u64>) {
    if let Some(length) = length {
        let length = HeaderValue::from(length);
        let headers = request.headers_mut();
        headers.insert(http::header::CONTENT_LENGTH, length);
    }
    *request.body_mut() = Some(reqwest::Body::wrap_stream(chunks));
}

fn failed(error: reqwest::Error, answered: bool) -> TransportError {
    let failure = if error.is_builder() {
        TransportFailure::Build
    } else if error.is_connect() && !answered {
        TransportFailure::Connect
    } else if error.is_timeout() {
        TransportFailure::Timeout
    } else {
        TransportFailure::Broken
    };
    // The URL of a reqwest error holds the query.
    TransportError::new(failure, error.without_url())
}
