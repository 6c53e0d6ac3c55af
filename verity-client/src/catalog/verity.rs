use std::sync::Arc;

use async_trait::async_trait;
use http::header;
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation};
use integrations_core::{Error, ErrorKind, Result};

use super::arguments;
use super::file::CatalogFile;
use crate::call::RawCall;
use crate::client::{Client, operation};

/// The endpoints of Verity's catalogue as operations that can be called by name, with the client's credential.
///
/// An operation is found by its name in a map that is made once: nothing is worked out from the name.
#[derive(Debug, Clone)]
pub struct VerityCatalog {
    client: Client,
    file: Arc<CatalogFile>,
}

impl VerityCatalog {
    /// Calls the operations of this catalogue.
    #[must_use]
    pub fn new(client: &Client, file: Arc<CatalogFile>) -> Self {
        Self {
            client: client.clone(),
            file,
        }
    }

    /// The catalogue.
    #[must_use]
    pub fn file(&self) -> &Arc<CatalogFile> {
        &self.file
    }
}

#[async_trait]
impl Catalog for VerityCatalog {
    fn operations(&self) -> &[CatalogOperation] {
        self.file.operations()
    }

    async fn call(&self, called: &CatalogOperation, arguments: Arguments) -> Result<Answer> {
        let named = |error: Error| {
            error
                .with_provider(crate::PROVIDER)
                .with_operation(called.name.clone())
        };
        let known = self.file.place(&called.name);
        let known = known.filter(|at| self.file.operations()[*at] == *called);
        let at = known.ok_or_else(|| {
            named(Error::new(
                ErrorKind::NotFound,
                "the catalogue has no such operation",
            ))
        })?;
        let faults = arguments::check(&self.file, at, &arguments);
        if !faults.is_empty() {
            let message = "the arguments do not fit the operation";
            return Err(named(Error::validation(message, faults)));
        }
        let spec = operation(
            "verity.catalog",
            called.method.clone(),
            "/api/{endpoint}",
            called.idempotency,
        );
        let mut call = RawCall::of(&self.client, spec, &called.path).parameters(arguments.path);
        for (name, value) in &arguments.query {
            call = call.query(name, value);
        }
        if let Some(body) = &arguments.body {
            call = call.json(body);
        }
        let reply = call.send_full().await.map_err(named)?;
        let content_type = reply.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        if content_type.is_some_and(is_page) {
            let message = "the answer is a page and not Verity's answer: is the base URL right?";
            return Err(named(Error::new(ErrorKind::Decode, message))
                .with_status(reply.status)
                .with_code("unexpected_html")
                .with_outcome_unknown(!called.idempotency.may_repeat()));
        }
        Ok(Answer::new(
            reply.status,
            content_type.map(str::to_owned),
            reply.body,
        ))
    }
}

/// A page is what a gateway or a login answers, with a 200.
fn is_page(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/html")
}
