//! Those who ask: over a pair of streams line by line, over HTTP on one connection.

use std::net::SocketAddr;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result};
use integrations_mcp::McpServer;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf,
    WriteHalf,
};
use tokio::net::TcpStream;

/// Somebody who asks one thing after the other.
#[async_trait]
pub(super) trait Peer: Send {
    /// The answer as it came.
    async fn ask_raw(&mut self, request: &Value) -> Result<Vec<u8>>;

    /// The answer.
    async fn ask(&mut self, request: &Value) -> Result<Value> {
        let answer = self.ask_raw(request).await?;
        serde_json::from_slice(&answer).map_err(|error| broken("no JSON").with_source(error))
    }
}

fn broken(what: &'static str) -> Error {
    Error::new(ErrorKind::Io, what)
}

/// Over a pair of streams.
pub(super) struct Pipe {
    read: BufReader<ReadHalf<DuplexStream>>,
    write: WriteHalf<DuplexStream>,
}

impl Pipe {
    pub(super) fn new(stream: DuplexStream) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            read: BufReader::new(read),
            write,
        }
    }

    /// A server at the other end, and the handshake done.
    pub(super) async fn begin(server: McpServer) -> Result<Self> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (read, write) = tokio::io::split(theirs);
        tokio::spawn(server.serve(read, write));
        let mut pipe = Self::new(ours);
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25",
            "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}});
        pipe.ask(&hello).await?;
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        pipe.send(&ready).await?;
        Ok(pipe)
    }

    async fn send(&mut self, message: &Value) -> Result<()> {
        let line = format!("{message}\n");
        let sent = self.write.write_all(line.as_bytes()).await;
        sent.map_err(|error| broken("the stream broke").with_source(error))
    }
}

#[async_trait]
impl Peer for Pipe {
    async fn ask_raw(&mut self, request: &Value) -> Result<Vec<u8>> {
        self.send(request).await?;
        let mut line = Vec::new();
        let read = self.read.read_until(b'\n', &mut line).await;
        match read {
            Ok(1..) => Ok(line),
            Ok(0) => Err(broken("the stream ended")),
            Err(error) => Err(broken("the stream broke").with_source(error)),
        }
    }
}

/// Over HTTP, one connection that stays, each request whole in itself (protocol 2026-07-28).
pub(super) struct Http {
    socket: TcpStream,
    path: &'static str,
    buffer: Vec<u8>,
}

impl Http {
    pub(super) async fn connect(address: SocketAddr, path: &'static str) -> Result<Self> {
        let failed = |error| broken("no connection").with_source(error);
        let socket = TcpStream::connect(address).await.map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        Ok(Self {
            socket,
            path,
            buffer: Vec::new(),
        })
    }

    async fn more(&mut self) -> Result<()> {
        match self.socket.read_buf(&mut self.buffer).await {
            Ok(1..) => Ok(()),
            Ok(0) => Err(broken("the connection ended")),
            Err(error) => Err(broken("the connection broke").with_source(error)),
        }
    }
}

#[async_trait]
impl Peer for Http {
    async fn ask_raw(&mut self, request: &Value) -> Result<Vec<u8>> {
        let mut message = request.clone();
        message["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"}});
        let body = message.to_string();
        let method = request["method"].as_str().unwrap_or_default();
        let name = request["params"]["name"].as_str();
        let name = name.map_or_else(String::new, |name| format!("mcp-name: {name}\r\n"));
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\n\
             {name}content-length: {}\r\n\r\n",
            self.path,
            body.len()
        );
        let sent = self.socket.write_all((head + &body).as_bytes()).await;
        sent.map_err(|error| broken("the connection broke").with_source(error))?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let (true, Some(length)) = (text.starts_with("http/1.1 200"), length) else {
            return Err(broken("it was not answered with 200 and a length"));
        };
        let length: usize = length;
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok(self.buffer[head..].to_vec())
    }
}
