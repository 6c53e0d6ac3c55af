//! What every part of the middleware works with: the clients, the store, and how it is set up.

use std::sync::Arc;
use std::time::Duration;

use aloware_client::rules::SequenceRules;
use async_trait::async_trait;
use ghl_client::Location;
use integrations_core::lease::LeaseStore as _;
use integrations_core::model::Channel;
use integrations_core::phone::{PhoneNumber, Region};
use integrations_core::{Error, IntegrationId, Result, TenantId};
use integrations_store::{IntegrationManager, NewConflict, Store, Transaction};
use integrations_sync::flow::{Flow, Flows};
use integrations_sync::jobs::Jobs;
use tokio::time::{sleep, timeout};
use verity_client::broadcasts::BroadcastSource;
use verity_client::texting::OptOuts;

use crate::records::Records;
use crate::settings::Pace;

/// The flow of contacts: GoHighLevel on the left, Aloware on the right. Copies of messages and questions to a person are in
/// its books too.
pub(crate) const FLOW: &str = "contacts";

/// The three integrations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) ghl: IntegrationId,
    pub(crate) aloware: IntegrationId,
    pub(crate) verity: IntegrationId,
}

/// Shared by routes, handlers and jobs.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) tenant: TenantId,
    pub(crate) manager: IntegrationManager,
    pub(crate) jobs: Jobs,
    pub(crate) flows: Flows,
    pub(crate) records: Records,
    pub(crate) ids: Ids,
    pub(crate) aloware: aloware_client::Client,
    pub(crate) verity: verity_client::Client,
    pub(crate) broadcasts: Option<Arc<dyn BroadcastSource>>,
    /// GoHighLevel's conversation provider that reports and delivers messages.
    pub(crate) provider: Option<String>,
    pub(crate) region: Region,
    pub(crate) from_number: Option<String>,
    pub(crate) sequences: SequenceRules,
    pub(crate) sync_to_aloware: bool,
    pub(crate) pace: Pace,
}

impl Hub {
    pub(crate) fn store(&self) -> &Store {
        self.manager.store()
    }

    /// GoHighLevel, with the credential that counts now.
    pub(crate) async fn location(&self) -> Result<Location> {
        let connection = self.manager.connect(&self.tenant, self.ids.ghl).await?;
        let location: Option<&Location> = connection.client();
        location
            .cloned()
            .ok_or_else(|| Error::config("GoHighLevel's connection has no location"))
    }

    /// The one form that a number is kept and compared in; `None` for what is no number.
    pub(crate) fn phone(&self, text: Option<&str>) -> Option<PhoneNumber> {
        let text = text?;
        PhoneNumber::from_e164(text)
            .or_else(|_| PhoneNumber::parse(text, Some(self.region)))
            .ok()
    }

    /// The flow of contacts.
    pub(crate) async fn flow(&self) -> Result<Flow> {
        self.flows.open(&self.tenant, FLOW).await
    }

    /// Asks a person; once, as long as nobody has answered.
    pub(crate) async fn ask(&self, kind: &str, subject: String) -> Result<()> {
        let mut transaction = self.store().begin("middleware.ask").await?;
        self.ask_in(&mut transaction, kind, subject).await?;
        transaction.commit().await
    }

    /// [`ask`](Self::ask) together with what it is about.
    pub(crate) async fn ask_in(
        &self,
        transaction: &mut Transaction,
        kind: &str,
        subject: String,
    ) -> Result<()> {
        let question = NewConflict::new(kind, subject);
        self.store()
            .conflicts()
            .raise_in(transaction, &self.tenant, FLOW, &[question])
            .await
    }

    /// Runs what only one process at a time may do. `None` when somebody else is at it.
    pub(crate) async fn alone<T>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<Option<T>> {
        let store = self.store();
        let owner = IntegrationId::new().to_string();
        let ttl = self.pace.lease.max(Duration::from_secs(1));
        let lease = store.try_acquire(&self.tenant, name, &owner, ttl).await?;
        let Some(mut lease) = lease else {
            return Ok(None);
        };
        // Both go on side by side: the renewal may wait for the connection that the work has.
        let renewing = async {
            loop {
                sleep(ttl / 3).await;
                // Before it ends: whoever waits for longer does not know whose the work is.
                match timeout(ttl / 2, store.renew(&lease, ttl)).await {
                    Ok(Ok(Some(renewed))) => lease = renewed,
                    Ok(Ok(None)) | Err(_) => {
                        break Error::new(
                            integrations_core::ErrorKind::Conflict,
                            "somebody else has this work by now",
                        )
                        .with_code("lease_lost")
                        .with_retryable(true);
                    }
                    Ok(Err(error)) => break error,
                }
            }
        };
        let done = tokio::select! {
            done = work => done,
            error = renewing => return Err(error),
        };
        // One that is not given back ends by itself.
        if let Err(error) = store.release(&lease).await {
            tracing::debug!(code = error.code(), "a lease was not given back");
        }
        done.map(Some)
    }

    /// Tells the status machine what a call said of its connection.
    pub(crate) async fn observe(&self, error: &Error) {
        let id = match error.provider() {
            Some(ghl_client::PROVIDER) => self.ids.ghl,
            Some(aloware_client::PROVIDER) => self.ids.aloware,
            Some(verity_client::PROVIDER) => self.ids.verity,
            _ => return,
        };
        if let Err(error) = self.manager.record(&self.tenant, id, Err(error)).await {
            tracing::debug!(code = error.code(), "the connection's state was not noted");
        }
    }
}

/// Who opted out of texts, by any source: asked before each text is sent.
#[derive(Debug, Clone)]
pub(crate) struct Register {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
}

#[async_trait]
impl OptOuts for Register {
    async fn is_opted_out(&self, number: &PhoneNumber) -> Result<bool> {
        let opt_outs = self.store.opt_outs();
        opt_outs.blocks(&self.tenant, &Channel::Sms, number).await
    }
}
