use std::fmt;

use async_trait::async_trait;
use integrations_core::Result;
use integrations_store::{Budgets, Granted, Report, StoredBudget};

/// Who keeps the rows of the budgets: [`Budgets`], or a double of it in a test.
#[async_trait]
pub trait BudgetStore: fmt::Debug + Send + Sync + 'static {
    /// Carries out reports, all or none; the answers in their order.
    ///
    /// # Errors
    /// Those of the database. A retryable error may also come after the reports were carried out.
    async fn exchange(&self, reports: &[Report]) -> Result<Vec<Granted>>;

    /// The budgets that processes should look at.
    ///
    /// # Errors
    /// Those of the database.
    async fn wanted(&self) -> Result<Vec<StoredBudget>>;
}

#[async_trait]
impl BudgetStore for Budgets {
    async fn exchange(&self, reports: &[Report]) -> Result<Vec<Granted>> {
        Self::exchange(self, reports).await
    }

    async fn wanted(&self) -> Result<Vec<StoredBudget>> {
        Self::wanted(self).await
    }
}
