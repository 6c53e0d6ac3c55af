//! Streamable HTTP: one route, ended by a signal.

use std::net::SocketAddr;

use axum::Router;
use integrations_core::{Error, ErrorKind, Result};
use integrations_mcp::{ApiKey, HttpOptions, McpServer};
use tokio::net::TcpListener;

use super::KEYS;
use super::options::{Options, variable};

pub(super) async fn serve(
    server: &McpServer,
    address: SocketAddr,
    options: &Options,
) -> Result<()> {
    let keys = keys()?;
    if keys.is_empty() && !address.ip().is_loopback() {
        return Err(Error::config(format!(
            "{address} can be reached from other machines, and no key is asked for: set {KEYS}, or use 127.0.0.1"
        )));
    }
    let mut settings = keys
        .into_iter()
        .fold(HttpOptions::default(), HttpOptions::api_key);
    if !options.host.is_empty() {
        settings = settings.hosts(&options.host);
    }
    if !options.origin.is_empty() {
        settings = settings.origins(&options.origin);
    }
    let service = server.http(settings);
    let failed = |what: &str| {
        let message = format!("{address} {what}");
        move |error: std::io::Error| Error::new(ErrorKind::Io, message).with_source(error)
    };
    let listener = TcpListener::bind(address)
        .await
        .map_err(failed("cannot be listened on: is the port taken?"))?;
    let here = listener.local_addr().map_err(failed("is no address"))?;
    anstream::println!("http://{here}/mcp");
    let app = Router::new().route_service("/mcp", service.clone());
    let end = async move {
        ended().await;
        // Streams of events stay open for as long as their callers like.
        service.close();
    };
    axum::serve(listener, app)
        .with_graceful_shutdown(end)
        .await
        .map_err(failed("is not served any more"))
}

fn keys() -> Result<Vec<ApiKey>> {
    let text = variable(KEYS).unwrap_or_default();
    let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
    keys.map(ApiKey::new)
        .collect::<Result<_>>()
        .map_err(|error| Error::config(format!("{KEYS}: {}", error.message())))
}

/// Waits until somebody ends the program.
async fn ended() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminated) = signal(SignalKind::terminate()) else {
            return interrupted.await;
        };
        tokio::select! {
            () = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupted.await;
}
