//! Serving one peer over a pair of streams.

use integrations_core::{Error, ErrorKind, Result};
use rmcp::ServiceExt;
use rmcp::service::{QuitReason, ServerInitializeError};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::McpServer;

impl McpServer {
    /// Serves the process that started this one, over the standard streams, until it closes them. Calls that run then
    /// have five seconds to end.
    ///
    /// Nothing else may write to the standard output: send logs to the standard error.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the streams break, and when what comes in is no MCP.
    pub async fn serve_stdio(self) -> Result<()> {
        let (read, write) = rmcp::transport::stdio_pipes();
        self.serve(read, write).await
    }

    /// Serves one peer over any two streams until it closes them: messages are lines of at most 16 MiB.
    ///
    /// # Errors
    /// As [`serve_stdio`](Self::serve_stdio).
    pub async fn serve(
        self,
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<()> {
        let running = match ServiceExt::serve(self, (read, write)).await {
            Ok(running) => running,
            // Whoever looked and left did nothing wrong.
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
                return Ok(());
            }
            // Its own words would repeat what was sent.
            Err(_) => {
                return Err(Error::new(
                    ErrorKind::Io,
                    "the peer did not begin as MCP wants it: with initialize, or with requests of protocol 2026-07-28",
                ));
            }
        };
        match running.waiting().await {
            Ok(QuitReason::Closed | QuitReason::Cancelled) => Ok(()),
            _ => Err(Error::new(ErrorKind::Io, "the MCP session broke off")),
        }
    }
}
