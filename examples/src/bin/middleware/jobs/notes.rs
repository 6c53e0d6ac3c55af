//! Texts that are written into the contact's notes in Aloware, where agents read them. Aloware has no way to add a message
//! that went elsewhere, and sending it there would send it to the person once more.

use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{ErrorKind, Result, Timestamp};
use integrations_sync::jobs::{Handler, Job, JobContext, Outcome, RetryPolicy};
use serde::{Deserialize, Serialize};

use super::{QUEUE, TIMEOUT, Work};
use crate::hub::Hub;

/// So many bytes of notes are kept of ours.
const MOST: usize = 8 * 1024;

/// Writes a text into the contact's notes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct NoteJob {
    pub(crate) key: String,
    /// The contact's number.
    pub(crate) phone: String,
    pub(crate) inbound: bool,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}

impl Job for NoteJob {
    const KIND: &'static str = "middleware.note";
    const QUEUE: &'static str = QUEUE;

    fn timeout() -> Duration {
        TIMEOUT
    }

    fn retry() -> RetryPolicy {
        RetryPolicy::new(10, Duration::from_secs(30))
    }

    fn subject(&self) -> Option<String> {
        Some(self.key.clone())
    }
}

#[async_trait]
impl Handler<NoteJob> for Work {
    async fn run(&self, cx: &JobContext, job: NoteJob) -> Result<Outcome> {
        let done = self.note(job).await;
        done.map_err(|error| self.paced::<NoteJob>(cx, error))
    }
}

impl Work {
    async fn note(&self, job: NoteJob) -> Result<Outcome> {
        // The notes are read and written as a whole, by one process at a time.
        let name = format!("aloware-notes:{}", job.phone);
        let written = self.0.alone(&name, Box::pin(self.0.write_note(&job)));
        Ok(match written.await? {
            Some(()) => Outcome::Done,
            None => Outcome::Snooze(Duration::from_secs(1)),
        })
    }
}

impl Hub {
    async fn write_note(&self, job: &NoteJob) -> Result<()> {
        let contacts = self.aloware.contacts();
        let contact = match contacts.find_by_phone(job.phone.as_str()).send().await {
            Ok(contact) => contact,
            // Whom Aloware does not know has no notes there.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let known = contact.notes.unwrap_or_default();
        let mark = format!("[{}]", job.key);
        if known.contains(&mark) {
            return Ok(());
        }
        let notes = with_line(&known, &line(job, &mark));
        let write = contacts
            .upsert(job.phone.as_str())
            .notes(notes)
            .force_update(true);
        // The same notes once more do no harm, and the mark is looked for first.
        write
            .send()
            .await
            .map(drop)
            .map_err(crate::people::look_again)
    }
}

fn line(job: &NoteJob, mark: &str) -> String {
    let way = match job.inbound {
        true => "from",
        false => "to",
    };
    let text = job.text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} text {way} contact: {text} {mark}", job.at)
}

/// Our line after what is there; the oldest of our lines go when there are too many.
fn with_line(known: &str, line: &str) -> String {
    let mut lines: Vec<&str> = known.lines().collect();
    lines.push(line);
    let ours =
        |line: &str| line.ends_with(']') && line.contains(" text ") && line.contains("[texting:");
    let mut size: usize = lines
        .iter()
        .filter(|line| ours(line))
        .map(|line| line.len() + 1)
        .sum();
    let last = lines.len() - 1;
    let mut kept = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        if at < last && ours(line) && size > MOST {
            size -= line.len() + 1;
        } else {
            kept.push(line);
        }
    }
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_of_ours_make_room_and_others_stay() {
        let text = "x".repeat(1000);
        let ours = |n: u32| format!("2026-01-01T00:00:0{n}Z text to contact: {text} [texting:{n}]");
        let mut notes = "Prefers mornings [sic].".to_owned();
        for n in 0..9 {
            notes = with_line(&notes, &ours(n));
        }
        let lines: Vec<_> = notes.lines().collect();
        assert_eq!(lines[0], "Prefers mornings [sic].");
        assert_eq!(lines.last(), Some(&ours(8).as_str()));
        assert!(!notes.contains("[texting:0]") && notes.contains("[texting:4]"));
        assert!(notes.len() < MOST + 1200);
    }
}
