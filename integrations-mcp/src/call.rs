//! One call: bounded in time and number, dropped when nobody waits for it any more.

use std::sync::Arc;

use integrations_core::catalog::Arguments;
use integrations_core::{Error, ErrorKind, Result};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolResult, ErrorCode, ErrorData, JsonObject, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{Peer, RequestContext};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::McpServer;
use crate::answer::{failure, success};
use crate::arguments;
use crate::server::Inner;
use crate::tool::Offer;

impl McpServer {
    /// Calls what a tool stands for.
    pub(crate) async fn run(
        &self,
        offer: &Offer,
        given: JsonObject,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResult, ErrorData> {
        let limits = &self.0.limits;
        let tool = &*offer.tool.name;
        let started = Instant::now();
        let arguments = match arguments::read(offer, given, limits.arguments) {
            Ok(arguments) => arguments,
            Err(faults) => {
                tracing::info!(tool, faults = faults.len(), "arguments refused");
                let error = Error::validation("the arguments were refused", faults);
                return Ok(failure(&error.with_operation(tool.to_owned())));
            }
        };
        let call = tokio::time::timeout(limits.timeout, self.outcome(offer, arguments));
        let token = context.meta.get_progress_token();
        let outcome = tokio::select! {
            biased;
            () = context.ct.cancelled() => None,
            outcome = call => Some(outcome.unwrap_or_else(|_| Err(self.too_long(offer)))),
            never = self.report(&context.peer, token) => match never {},
        };
        let milliseconds = started.elapsed().as_millis();
        match outcome {
            Some(Ok(answer)) => {
                tracing::info!(
                    tool,
                    milliseconds,
                    status = answer.status.as_u16(),
                    "called"
                );
                let is_declared = offer.tool.output_schema.is_some();
                Ok(success(tool, answer, is_declared, limits.answer))
            }
            Some(Err(error)) => {
                tracing::info!(tool, milliseconds, kind = ?error.kind(), "failed");
                Ok(failure(&error))
            }
            None => {
                tracing::info!(tool, milliseconds, "cancelled");
                // Nobody reads it: what was cancelled is not answered.
                Err(ErrorData::new(ErrorCode::INTERNAL_ERROR, "cancelled", None))
            }
        }
    }

    /// Runs the call in a task of its own, which ends with this future: a panic there is an answer too.
    async fn outcome(
        &self,
        offer: &Offer,
        arguments: Arguments,
    ) -> Result<integrations_core::catalog::Answer> {
        let inner: Arc<Inner> = self.0.clone();
        let at = offer.operation;
        let mut task = JoinSet::new();
        task.spawn(
            async move {
                let _slot = inner.slots.acquire().await;
                let operation = inner.catalog.operations().get(at).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Other,
                        "the catalogue has become shorter while it was served",
                    )
                })?;
                inner.catalog.call(operation, arguments).await
            }
            .in_current_span(),
        );
        match task.join_next().await {
            Some(Ok(outcome)) => outcome,
            _ => Err(Error::new(
                ErrorKind::Other,
                "the call broke off by a fault of this server: its log says more",
            )
            .with_operation(offer.tool.name.to_string())
            .with_outcome_unknown(true)),
        }
    }

    fn too_long(&self, offer: &Offer) -> Error {
        let seconds = self.0.limits.timeout.as_secs_f64();
        let operations = self.0.catalog.operations();
        let changes = operations
            .get(offer.operation)
            .is_none_or(|operation| !operation.is_read_only());
        Error::new(
            ErrorKind::Timeout,
            format!("the call did not end within {seconds} s and was given up"),
        )
        .with_operation(offer.tool.name.to_string())
        .with_outcome_unknown(changes)
    }

    /// Tells a caller who wants to know that the call still runs.
    async fn report(
        &self,
        peer: &Peer<RoleServer>,
        token: Option<ProgressToken>,
    ) -> std::convert::Infallible {
        let Some(token) = token else {
            return std::future::pending().await;
        };
        let period = self.0.limits.progress;
        let started = Instant::now();
        let mut ticks = tokio::time::interval_at(started + period, period);
        loop {
            ticks.tick().await;
            let elapsed = started.elapsed().as_secs_f64();
            let progress = ProgressNotificationParam::new(token.clone(), elapsed)
                .with_message("waiting for the answer (seconds)");
            if peer.notify_progress(progress).await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}
