//! The rows of each sort as they may be shown: no payload, no config, no secret.

use integrations_store::{
    AuditRow, DeadLetter, Delivery, EndpointSummary, ScheduleSpec, StoredConflict, StoredEvent,
    StoredFlow, StoredIntegration, StoredOptOut, StoredRun, StoredSchedule,
};
use integrations_sync::jobs::JobInfo;
use serde_json::Value;

use crate::view::{Record, record};

pub(crate) fn integration(row: &StoredIntegration) -> Record {
    record! {
        "tenant": row.tenant.as_str(), "id": row.id.to_string(), "provider": row.provider, "name": row.name,
        "status": row.status.as_str(), "since": row.status_changed_at, "externalKey": row.external_key,
        "externalProved": row.external_proved, "errorKind": row.error_kind, "error": row.error_message,
        "lastSyncAt": row.last_sync_at, "probeDueAt": row.probe_due_at, "sealedWith": row.secrets_key,
        "version": row.version, "createdAt": row.created_at, "updatedAt": row.updated_at,
    }
}

pub(crate) fn event(row: &StoredEvent) -> Record {
    record! {
        "tenant": row.tenant.as_str(), "id": row.id.to_string(), "integration": row.integration.to_string(),
        "provider": row.event.provider(), "kind": row.event.kind(), "providerId": row.event.id(),
        "status": row.status.as_str(), "attempts": row.attempts, "lane": row.lane.as_str(),
        "receivedAt": row.event.received_at(), "nextAt": row.next_at, "finishedAt": row.finished_at,
        "error": row.error_message, "payloadBytes": row.event.payload().len(), "sealed": row.sealed,
    }
}

pub(crate) fn job(row: &JobInfo) -> Record {
    record! {
        "tenant": row.tenant.as_str(), "id": row.id.as_i64(), "kind": row.kind, "queue": row.queue,
        "state": row.state.as_str(), "attempt": row.attempt, "maxAttempts": row.max_attempts,
        "subject": row.subject, "integration": row.integration, "origin": row.origin, "error": row.last_error,
        "createdAt": row.created_at, "scheduledAt": row.scheduled_at, "attemptedAt": row.attempted_at,
        "finalizedAt": row.finalized_at, "payloadBytes": row.args.len(),
    }
}

pub(crate) fn dead_letter(row: &DeadLetter) -> Record {
    record! {
        "tenant": row.tenant.as_str(), "id": row.id.to_string(), "source": row.source.as_str(),
        "sourceId": row.source_id, "kind": row.kind, "subject": row.subject, "integration": row.integration,
        "cause": row.cause, "code": row.code, "message": row.message, "attempts": row.attempts,
        "status": row.status.as_str(), "replayedAs": row.replayed_as, "createdAt": row.created_at,
        "resolvedAt": row.resolved_at, "payloadBytes": row.payload.len(),
    }
}

pub(crate) fn run(row: &StoredRun) -> Record {
    record! {
        "id": row.id.to_string(), "flow": row.flow, "kind": row.kind.as_str(), "status": row.status.as_str(),
        "startedBy": row.started_by, "phase": row.phase, "expected": row.expected, "counts": row.counts,
        "read": row.counts.read, "created": row.counts.created, "updated": row.counts.updated,
        "deleted": row.counts.deleted, "failed": row.counts.failed,
        "attempts": row.attempts, "cancelRequested": row.cancel_requested, "errorKind": row.error_kind,
        "error": row.error_message, "startedAt": row.started_at, "heartbeatAt": row.heartbeat_at,
        "finishedAt": row.finished_at,
    }
}

pub(crate) fn conflict(row: &StoredConflict) -> Record {
    let details: Value = serde_json::from_str(&row.details).unwrap_or_default();
    record! {
        "id": row.id.to_string(), "flow": row.flow, "kind": row.kind, "subject": row.subject,
        "leftId": row.left_id, "rightId": row.right_id, "details": details, "seen": row.seen,
        "resolution": row.resolution, "resolvedBy": row.resolved_by, "createdAt": row.created_at,
        "updatedAt": row.updated_at, "resolvedAt": row.resolved_at,
    }
}

pub(crate) fn flow(row: &StoredFlow) -> Record {
    record! {
        "name": row.name, "left": row.left.to_string(), "right": row.right.to_string(), "paused": row.paused,
        "version": row.version, "createdAt": row.created_at, "updatedAt": row.updated_at,
    }
}

pub(crate) fn endpoint(row: &EndpointSummary) -> Record {
    record! {
        "id": row.id.to_string(), "description": row.description, "state": row.state.as_str(),
        "failingSince": row.failing_since, "pending": row.pending, "failed": row.failed,
        "createdAt": row.created_at,
    }
}

pub(crate) fn delivery(row: &Delivery) -> Record {
    record! {
        "id": row.id.to_string(), "endpoint": row.endpoint.to_string(), "message": row.message.to_string(),
        "messageId": row.message_id, "kind": row.kind, "status": row.status.as_str(), "attempts": row.attempts,
        "nextAt": row.next_at, "createdAt": row.created_at, "finishedAt": row.finished_at,
    }
}

pub(crate) fn schedule(row: &StoredSchedule) -> Record {
    let spec = match &row.spec {
        ScheduleSpec::Cron {
            expression,
            time_zone,
        } => format!("{expression} ({time_zone})"),
        ScheduleSpec::Every(every) => format!("every {every:?}"),
        _ => "of a newer version".to_owned(),
    };
    record! {
        "tenant": row.tenant.as_str(), "name": row.name, "kind": row.kind, "spec": spec, "paused": row.paused,
        "nextAt": row.next_at, "lastAt": row.last_at, "ticks": row.ticks, "missed": row.missed,
    }
}

pub(crate) fn opt_out(row: &StoredOptOut) -> Record {
    record! {
        "channel": row.channel.as_ref().map_or("all", |channel| channel.as_str()),
        "source": row.source.name, "subject": row.source.subject, "since": row.since,
    }
}

pub(crate) fn audit(row: &AuditRow) -> Record {
    record! {
        "seq": row.seq, "at": row.at, "actor": row.actor, "action": row.action,
        "integration": row.integration, "details": row.details, "hash": row.hash,
    }
}
