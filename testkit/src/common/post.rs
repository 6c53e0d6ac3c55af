use std::{
    io,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// The longest answer that is read to its end, so that the connection can be used again.
const LONGEST_ANSWER: usize = 1 << 20;

type Connection = SendRequest<Full<Bytes>>;

/// Posts webhooks over connections that are kept, as a busy sender does: one connection each would use
/// up the machine's ports.
#[derive(Debug, Default)]
pub(crate) struct Poster {
    idle: Mutex<Vec<(String, Connection)>>,
}

impl Poster {
    /// One POST; returns the status. Redirects are not followed.
    pub(crate) async fn post(
        &self,
        url: &Url,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> io::Result<u16> {
        let address = address(url)?;
        let mut connection = match self.idle(&address) {
            Some(connection) => connection,
            None => connect(&address).await?,
        };
        let status = exchange(&mut connection, url, headers, body).await?;
        if connection.is_ready() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((address, connection));
        }
        Ok(status)
    }

    fn idle(&self, address: &str) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // What the other side closed meanwhile is of no use.
        idle.retain(|(_, connection)| !connection.is_closed());
        let at = idle.iter().rposition(|(other, _)| other == address)?;
        Some(idle.swap_remove(at).1)
    }
}

/// Posts a webhook as it is, forged or not, to a URL on this machine, once; returns the status that it was answered.
///
/// # Errors
///
/// If the URL is no `http` one, or nobody answers.
pub async fn post(url: &str, headers: &HeaderMap, body: &Bytes) -> io::Result<u16> {
    let url =
        Url::parse(url).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    post_once(&url, headers, body).await
}

/// One POST over a connection of its own.
pub(crate) async fn post_once(url: &Url, headers: &HeaderMap, body: &Bytes) -> io::Result<u16> {
    let mut connection = connect(&address(url)?).await?;
    exchange(&mut connection, url, headers, body).await
}

/// Host and port.
fn address(url: &Url) -> io::Result<String> {
    let bad = |message: &str| io::Error::new(io::ErrorKind::InvalidInput, message.to_owned());
    if url.scheme() != "http" {
        return Err(bad("webhooks are delivered to http URLs only"));
    }
    let host = url.host_str().ok_or_else(|| bad("the URL has no host"))?;
    Ok(format!(
        "{host}:{}",
        url.port_or_known_default().unwrap_or(80)
    ))
}

async fn connect(address: &str) -> io::Result<Connection> {
    let stream = TcpStream::connect(address).await?;
    let _ = stream.set_nodelay(true);
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // It ends when the sender is dropped.
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(
    connection: &mut Connection,
    url: &Url,
    headers: &HeaderMap,
    body: &Bytes,
) -> io::Result<u16> {
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target = format!("{target}?{query}");
    }
    let mut request = Request::post(target)
        .header(
            header::HOST,
            &url[url::Position::BeforeHost..url::Position::AfterPort],
        )
        .body(Full::new(Bytes::clone(body)))
        .map_err(io::Error::other)?;
    request.headers_mut().extend(headers.clone());
    let response = connection.send_request(request);
    let response = response.await.map_err(io::Error::other)?;
    let status = response.status().as_u16();
    // The status is what counts; a body that breaks off costs the connection only.
    let _ = Limited::new(response.into_body(), LONGEST_ANSWER)
        .collect()
        .await;
    Ok(status)
}
