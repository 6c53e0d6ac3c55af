use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::catalog::{Catalog, CatalogOperation};
use integrations_core::{Error, Result};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, ErrorData, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::Semaphore;

use crate::tool::Offer;
use crate::{Filter, cursor};

/// An MCP server of one catalogue. Cheap to clone; clones share everything.
///
/// Serve it with [`serve_stdio`](Self::serve_stdio) or [`http`](Self::http), or as any
/// [`ServerHandler`].
#[derive(Clone)]
pub struct McpServer(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) offers: Vec<Offer>,
    by_name: HashMap<String, usize>,
    fingerprint: u64,
    info: ServerConfig,
    page_size: usize,
    pub(crate) limits: Limits,
    pub(crate) slots: Arc<Semaphore>,
}

/// What calls may cost.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) progress: Duration,
    pub(crate) arguments: usize,
    pub(crate) answer: usize,
}

impl McpServer {
    /// A server that is being put together.
    pub fn builder(catalog: Arc<dyn Catalog>) -> McpServerBuilder {
        McpServerBuilder {
            catalog,
            implementation: Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            instructions: None,
            filter: Filter::new(),
            page_size: 100,
            concurrency: 32,
            limits: Limits {
                timeout: Duration::from_secs(120),
                progress: Duration::from_secs(5),
                arguments: 4 << 20,
                answer: 4 << 20,
            },
        }
    }

    /// The tools that are offered, in their order.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.0.offers.iter().map(|offer| &offer.tool)
    }

    pub(crate) fn offer(&self, name: &str) -> Option<&Offer> {
        self.0.offers.get(*self.0.by_name.get(name)?)
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer")
            .field("catalog", &self.0.catalog)
            .field("tools", &self.0.offers.len())
            .field("page_size", &self.0.page_size)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        self.0.info.clone()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.offer(name).map(|offer| offer.tool.clone())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListToolsResult, ErrorData> {
        let inner = &self.0;
        let cursor = request.and_then(|request| request.cursor);
        let start = match &cursor {
            None => 0,
            Some(cursor) => cursor::read(cursor, inner.fingerprint, inner.offers.len())
                .ok_or_else(|| {
                    ErrorData::invalid_params(
                        "the cursor is not one of this list: ask without one and start again",
                        None,
                    )
                })?,
        };
        let end = (start + inner.page_size).min(inner.offers.len());
        let page = &inner.offers[start..end];
        let tools = page.iter().map(|offer| offer.tool.clone()).collect();
        let mut result = ListToolsResult::with_all_items(tools);
        result.next_cursor =
            (end < inner.offers.len()).then(|| cursor::write(inner.fingerprint, end));
        // A catalogue stays as it is while its server runs; who may see it, the key decides.
        result.ttl_ms = Some(300_000);
        result.cache_scope = Some(CacheScope::Private);
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResponse, ErrorData> {
        let Some(offer) = self.offer(&request.name) else {
            return Err(ErrorData::invalid_params(
                "unknown tool: tools/list has the names",
                None,
            ));
        };
        let arguments = request.arguments.unwrap_or_default();
        self.run(offer, arguments, context).await.map(Into::into)
    }
}

/// Builds an [`McpServer`].
#[derive(Debug)]
#[must_use]
pub struct McpServerBuilder {
    catalog: Arc<dyn Catalog>,
    implementation: Implementation,
    instructions: Option<String>,
    filter: Filter,
    page_size: usize,
    concurrency: usize,
    limits: Limits,
}

impl McpServerBuilder {
    /// What the server calls itself, and its version.
    pub fn name(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.implementation = Implementation::new(name, version);
        self
    }

    /// What a model should know before it uses the tools.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Which operations are offered; all of them by default.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// How many tools a page of the list has, at least one; 100 by default.
    pub fn page_size(mut self, tools: usize) -> Self {
        self.page_size = tools.max(1);
        self
    }

    /// How many calls run at the same time, at least one; 32 by default. The others wait.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// How long a call may take, waiting included; 120 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How often a caller who wants to know is told that a call still runs; every 5 s by default.
    pub fn progress_every(mut self, period: Duration) -> Self {
        self.limits.progress = period.max(Duration::from_millis(10));
        self
    }

    /// How large the arguments of one call may be, in bytes; 4 MiB by default.
    pub fn max_argument_bytes(mut self, bytes: usize) -> Self {
        self.limits.arguments = bytes;
        self
    }

    /// How large an answer may be to be passed on, in bytes; 4 MiB by default.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.limits.answer = bytes;
        self
    }

    /// The server.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when two operations have one name or one has a name
    /// that is none for a tool, when a pattern of the filter names no operation, or when nothing is left.
    pub fn build(self) -> Result<McpServer> {
        let operations = self.catalog.operations();
        check(operations, &self.filter)?;
        let admitted = operations.iter().enumerate();
        let offers: Vec<Offer> = admitted
            .filter(|(_, operation)| self.filter.admits(operation))
            .map(|(at, operation)| Offer::new(at, operation))
            .collect();
        if offers.is_empty() {
            return Err(Error::config(
                "no operation is left to offer: the catalogue is empty, or the filter lets nothing through",
            ));
        }
        let by_name = offers
            .iter()
            .enumerate()
            .map(|(at, offer)| (offer.tool.name.to_string(), at))
            .collect();
        let fingerprint = cursor::fingerprint(offers.iter().map(|offer| &*offer.tool.name));
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(self.implementation);
        if let Some(instructions) = self.instructions {
            info = info.with_instructions(instructions);
        }
        Ok(McpServer(Arc::new(Inner {
            offers,
            by_name,
            fingerprint,
            info,
            page_size: self.page_size,
            limits: self.limits,
            slots: Arc::new(Semaphore::new(self.concurrency)),
            catalog: self.catalog,
        })))
    }
}

/// Every fault of the names at once.
fn check(operations: &[CatalogOperation], filter: &Filter) -> Result<()> {
    const TOLD: usize = 10;
    let mut faults = Vec::new();
    let mut seen: HashMap<&str, &CatalogOperation> = HashMap::with_capacity(operations.len());
    for operation in operations {
        let name = operation.name.as_str();
        let is_name = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !is_name {
            faults.push(format!(
                "{name:.80?} is no name for a tool: 1 to 64 of A-Z a-z 0-9 _ -"
            ));
        }
        if let Some(first) = seen.insert(name, operation) {
            faults.push(format!(
                "{name:.80?} is the name of {} {} and of {} {}",
                first.method, first.path, operation.method, operation.path
            ));
        }
    }
    for pattern in filter.idle(operations) {
        faults.push(format!("the filter's {pattern:.80?} names no operation"));
    }
    if faults.is_empty() {
        return Ok(());
    }
    let more = faults.len().saturating_sub(TOLD);
    faults.truncate(TOLD);
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    Err(Error::config(format!(
        "this catalogue cannot be offered: {}",
        faults.join("; ")
    )))
}
