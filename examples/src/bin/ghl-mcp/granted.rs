//! What a token may do.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ghl_client::GhlCatalog;
use integrations_core::Result;
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation};

/// The operations whose scopes a token has.
#[derive(Debug)]
pub(crate) struct Granted {
    catalog: GhlCatalog,
    operations: Vec<CatalogOperation>,
}

impl Granted {
    /// All operations when the scopes are not known.
    pub(crate) fn new(catalog: GhlCatalog, scopes: Option<&BTreeSet<String>>) -> Self {
        let has = |operation: &&CatalogOperation| {
            scopes.is_none_or(|has| operation.scopes.iter().all(|one| has.contains(one)))
        };
        let operations = catalog.operations().iter().filter(has).cloned().collect();
        Self {
            catalog,
            operations,
        }
    }

    /// How many operations need more.
    pub(crate) fn left_out(&self) -> usize {
        self.catalog.operations().len() - self.operations.len()
    }
}

#[async_trait]
impl Catalog for Granted {
    fn operations(&self) -> &[CatalogOperation] {
        &self.operations
    }

    async fn call(&self, operation: &CatalogOperation, arguments: Arguments) -> Result<Answer> {
        self.catalog.call(operation, arguments).await
    }
}
