//! Rate budgets: what all processes of a deployment may send together.

mod exchange;
mod model;
mod share;
#[cfg(test)]
mod tests;

use std::time::Duration;

use integrations_core::http::LimitKey;
use integrations_core::{Error, ErrorKind, Result};

use crate::check::{Check, KEY, SHORT};
use crate::session::{Session, execute, fetch_all, fetch_optional};
use crate::{Store, error, time};

pub use model::{Budget, Granted, Holder, Report};
pub use share::Shares;

/// Rate budgets, one row per provider, credential and limit class. They belong to the deployment, not to a tenant:
/// a provider counts by credential, whoever uses it.
#[derive(Debug, Clone)]
pub struct Budgets(Store);

/// One budget that processes should look at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredBudget {
    /// The provider's slug.
    pub provider: String,
    /// The credential or account that the provider counts by.
    pub subject: String,
    /// The limit class.
    pub class: String,
    /// The state.
    pub budget: Budget,
    /// The database's time.
    pub now: i64,
}

impl StoredBudget {
    /// A budget as it was at this time.
    #[must_use]
    pub fn new(key: &LimitKey, budget: Budget, now: i64) -> Self {
        Self {
            provider: key.provider.to_owned(),
            subject: key.subject.as_ref().to_owned(),
            class: key.class.to_owned(),
            budget,
            now,
        }
    }

    /// Whether it is this key's.
    #[must_use]
    pub fn is_of(&self, key: &LimitKey) -> bool {
        self.subject == *key.subject && self.provider == key.provider && self.class == key.class
    }
}

impl Store {
    /// The rate budgets.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        Budgets(self.clone())
    }
}

impl Budgets {
    /// Carries out reports, all in one transaction; the answers in the order of the reports. At most one report a key.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store). Whether it happened may be unknown; the same reports
    /// under the same numbers may be sent again.
    pub async fn exchange(&self, reports: &[Report]) -> Result<Vec<Granted>> {
        let mut order: Vec<usize> = (0..reports.len()).collect();
        // In one order everywhere, so that two processes never wait for each other.
        order.sort_by_key(|at| {
            let key = &reports[*at].key;
            (key.provider, &*key.subject, key.class)
        });
        let mut session = self.0.write("budgets.exchange").await?;
        let mut answers: Vec<Option<Granted>> = reports.iter().map(|_| None).collect();
        for at in order {
            answers[at] = Some(exchange(&mut session, &reports[at]).await?);
        }
        session.commit().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// The budgets that processes should look at: somebody lacks places that others hold, or a limit has changed.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn wanted(&self) -> Result<Vec<StoredBudget>> {
        let mut session = self.0.read("budgets.wanted").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String, String, String, i64),
            "SELECT provider, subject, class, state, (SELECT us FROM main.clock) FROM main.rate_budgets \
             WHERE attention_until > (SELECT us FROM main.clock)"
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(provider, subject, class, state, now)| {
                Ok(StoredBudget {
                    provider,
                    subject,
                    class,
                    budget: parse(&state)?,
                    now,
                })
            })
            .collect()
    }

    /// One budget; `None` when nobody used it lately.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn get(&self, key: &LimitKey) -> Result<Option<StoredBudget>> {
        let mut session = self.0.read("budgets.get").await?;
        let row = fetch_optional!(
            &mut session,
            (String, i64),
            "SELECT state, (SELECT us FROM main.clock) FROM main.rate_budgets \
             WHERE provider = $1 AND subject = $2 AND class = $3",
            key.provider,
            &*key.subject,
            key.class,
        )?;
        session.commit().await?;
        let Some((state, now)) = row else {
            return Ok(None);
        };
        Ok(Some(StoredBudget::new(key, parse(&state)?, now)))
    }

    /// Forgets budgets that nobody used for so long, and of which nothing counts any more; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge(&self, idle: Duration) -> Result<u64> {
        let mut session = self.0.write("budgets.purge").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String, String, String, i64),
            "SELECT provider, subject, class, state, (SELECT us FROM main.clock) FROM main.rate_budgets \
             WHERE used_at <= (SELECT us FROM main.clock) - $1 ORDER BY provider, subject, class /*pg FOR UPDATE */",
            time::span(idle),
        )?;
        let mut gone = 0;
        for (provider, subject, class, state, now) in rows {
            // What cannot be read is of no use to anybody.
            if parse(&state).is_ok_and(|budget| !budget.is_idle(now)) {
                continue;
            }
            gone += execute!(
                &mut session,
                "DELETE FROM main.rate_budgets WHERE provider = $1 AND subject = $2 AND class = $3",
                provider,
                subject,
                class,
            )?;
        }
        session.commit().await?;
        Ok(gone)
    }
}

async fn exchange(session: &mut Session, report: &Report) -> Result<Granted> {
    let key = &report.key;
    Check::default()
        .text("/provider", key.provider, SHORT)
        .text("/subject", &key.subject, KEY)
        .text("/class", key.class, SHORT)
        .done()?;
    let (mut budget, now) = match load(session, key).await? {
        Some((state, now)) => (parse(&state)?, now),
        None => {
            let new = Budget::new(report.class.max, report.class.per);
            execute!(
                session,
                "INSERT INTO main.rate_budgets (provider, subject, class, state, attention_until, used_at) \
                 VALUES ($1, $2, $3, $4, 0, (SELECT us FROM main.clock)) ON CONFLICT DO NOTHING",
                key.provider,
                &*key.subject,
                key.class,
                write(&new)?,
            )?;
            let (state, now) = load(session, key).await?.ok_or_else(|| {
                Error::new(ErrorKind::Store, "a rate budget was purged just now")
                    .with_code("busy")
                    .with_retryable(true)
            })?;
            (parse(&state)?, now)
        }
    };
    let granted = budget.exchange(now, report);
    execute!(
        session,
        "UPDATE main.rate_budgets SET state = $4, attention_until = $5, used_at = $6 \
         WHERE provider = $1 AND subject = $2 AND class = $3",
        key.provider,
        &*key.subject,
        key.class,
        write(&budget)?,
        budget.attention_until(now),
        now,
    )?;
    Ok(granted)
}

async fn load(session: &mut Session, key: &LimitKey) -> Result<Option<(String, i64)>> {
    fetch_optional!(
        session,
        (String, i64),
        "SELECT state, (SELECT us FROM main.clock) FROM main.rate_budgets \
         WHERE provider = $1 AND subject = $2 AND class = $3 /*pg FOR UPDATE */",
        key.provider,
        &*key.subject,
        key.class,
    )
}

fn parse(state: &str) -> Result<Budget> {
    serde_json::from_str(state).map_err(|_| error::corrupt("a stored rate budget cannot be read"))
}

fn write(budget: &Budget) -> Result<String> {
    serde_json::to_string(budget).map_err(|_| error::corrupt("a rate budget cannot be written"))
}
